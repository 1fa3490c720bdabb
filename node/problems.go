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
	for _, problem := range t.problems() {
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

// problems is what somebody should see to: what has failed, and what will when nobody does anything.
func (t *Terminal) problems() []string {
	problems := []string{}
	about, err := Describe(t.home, *t.cfg.Load(), t.env.Now())
	if err == nil {
		err = about.Problem
	}
	if err != nil {
		problems = append(problems, Explain(err).Text)
	}
	if c := about.Certificate; c != nil && late(c.NotBefore(), c.NotAfter(), t.env.Now()) {
		problems = append(problems, fmt.Sprintf("the certificate expires on %s: have `certexch request` signed again, and `certexch install` the bundle", date(c.NotAfter())))
	}
	for _, a := range about.Authorities {
		if l := a.List; l != nil && late(l.ThisUpdate(), l.NextUpdate(), t.env.Now()) {
			problems = append(problems, fmt.Sprintf("the revocation list of %s is valid until %s: `certexch install` a new one (`certexch-authority crl`)", a.Root.TrustDomain(), date(l.NextUpdate())))
		}
	}
	if _, err := t.allowlist.Current(); err != nil {
		problems = append(problems, "the allowlist: "+err.Error())
	}
	return problems
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
