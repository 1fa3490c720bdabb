package node

import (
	"fmt"
	"time"

	"github.com/certexch/certexch/internal/control"
)

// announceEvery is how often a running terminal looks for what somebody should see to.
const announceEvery = time.Minute

// announce logs each problem once, when it arises.
func (t *Terminal) announce(told map[string]bool) {
	now := make(map[string]bool)
	for _, problem := range t.problems(t.describe()) {
		now[problem] = true
		if !told[problem] {
			t.log.Warn("needs attention", "problem", problem)
		}
	}
	clear(told)
	for problem := range now {
		told[problem] = true
	}
}

// describe is Describe for a terminal that runs. Where nothing can be read, Problem says so.
func (t *Terminal) describe() About {
	about, err := Describe(t.home, *t.cfg.Load(), t.env.Now())
	if err != nil {
		about.Problem = err
	}
	return about
}

// problems is what somebody should see to, of this terminal and its home.
func (t *Terminal) problems(about About) []string {
	problems := about.Problems(t.env.Now())
	if id := about.Identity; !id.IsZero() && id != t.identity {
		problems = append(problems, t.renamed(id).Error())
	}
	if _, err := t.allowlist.Current(); err != nil {
		problems = append(problems, "the allowlist: "+err.Error())
	}
	return problems
}

// Problems is what somebody should see to at now, one sentence each: what has failed, and what will when nobody
// does anything. Whatever has a date is told of from two thirds of its lifetime on.
func (a *About) Problems(now time.Time) []string {
	problems := []string{}
	if a.Problem != nil {
		problems = append(problems, Explain(a.Problem).Text)
	}
	if c := a.Certificate; c != nil && late(c.NotBefore(), c.NotAfter(), now) {
		problems = append(problems, fmt.Sprintf("the certificate expires on %s: have `certexch request` signed again, and `certexch install` the bundle", date(c.NotAfter())))
	}
	for _, authority := range a.Authorities {
		if problem := authority.listProblem(now); problem != "" {
			problems = append(problems, problem+": `certexch install` a new one (`certexch-authority crl`)")
		}
	}
	return problems
}

// listProblem is what is to be said of the authority's revocation list, if anything.
func (a *Authority) listProblem(now time.Time) string {
	switch l := a.List; {
	case l == nil:
		return fmt.Sprintf("there is no revocation list of %s, and all its certificates are refused", a.Root.TrustDomain())
	case now.After(l.NextUpdate()):
		return fmt.Sprintf("the revocation list of %s was valid until %s", a.Root.TrustDomain(), date(l.NextUpdate()))
	case late(l.ThisUpdate(), l.NextUpdate(), now):
		return fmt.Sprintf("the revocation list of %s is valid until %s", a.Root.TrustDomain(), date(l.NextUpdate()))
	}
	return ""
}

// late reports whether two thirds of a lifetime are over.
func late(from, until, now time.Time) bool {
	return now.Sub(from) > until.Sub(from)*2/3
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// listsOf are the revocation lists in force.
func listsOf(authorities []Authority) []control.List {
	lists := []control.List{}
	for _, a := range authorities {
		if l := a.List; l != nil {
			lists = append(lists, control.List{TrustDomain: a.Root.TrustDomain().String(), Number: l.Number(), Expires: l.NextUpdate().UTC()})
		}
	}
	return lists
}
