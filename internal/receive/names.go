package receive

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/certexch/certexch/internal/transfer"
)

// ClashError: names that the other terminal tells apart are one here. None of them is received.
type ClashError struct {
	Folder string
	Names  []string // ascending
}

func (e *ClashError) Error() string {
	return fmt.Sprintf("%q are one name on the disk of %s", e.Names, e.Folder)
}

// folding is what a file system does not tell apart.
type folding struct {
	letters bool // upper and lower case
	accents bool // the ways to spell é
	ends    bool // dots and spaces at the end
}

var everything = folding{true, true, true}

// key returns the same for two names that are one.
func (f folding) key(name string) string {
	if f.ends {
		name = strings.TrimRight(name, ". ")
	}
	if isASCII(name) { // as nearly all are
		if f.letters {
			return strings.ToLower(name)
		}
		return name
	}
	if f.accents {
		name = norm.NFC.String(name)
	}
	if f.letters {
		name = cases.Fold().String(name)
		if f.accents {
			name = norm.NFC.String(name)
		}
	}
	return name
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// clashes returns an error for each of the names that are one with another of entries, as the disk has it.
// Only names that some disk could take for one make it look at this one. In a dry run, which writes nothing,
// it cannot find out, and says nothing.
func (f *folder) clashes(entries []transfer.Entry, dry bool) map[string]error {
	if dry || len(everything.groups(entries)) == 0 {
		return nil
	}
	errs := make(map[string]error)
	for _, names := range f.folding().groups(entries) {
		slices.Sort(names)
		for _, name := range names {
			errs[name] = &ClashError{f.path, names}
		}
	}
	return errs
}

// groups returns the names that are one with others.
func (f folding) groups(entries []transfer.Entry) [][]string {
	if f == (folding{}) {
		return nil
	}
	first := make(map[string]string, len(entries))
	more := make(map[string][]string)
	for _, entry := range entries {
		key := f.key(entry.Name)
		before, taken := first[key]
		switch {
		case !taken:
			first[key] = entry.Name
		case more[key] == nil:
			more[key] = []string{before, entry.Name}
		default:
			more[key] = append(more[key], entry.Name)
		}
	}
	groups := make([][]string, 0, len(more))
	for _, names := range more {
		groups = append(groups, names)
	}
	return groups
}

// folding returns what the disk of f does not tell apart.
func (f *folder) folding() folding {
	if f.folds == nil {
		folds := f.probe()
		f.folds = &folds
	}
	return *f.folds
}

// probe finds out what the disk of f tells apart, with a file that it makes and removes: one system has
// disks of both kinds, and some have both in one disk. What it cannot find out is taken for one.
func (f *folder) probe() folding {
	const composed, apart = "\u00e9", "e\u0301"
	name := transfer.PartialPrefix + "NAMES-" + composed + transfer.PartialSuffix
	probe, err := newPartial(f, name)
	if err != nil {
		return everything
	}
	defer probe.discard()
	info, err := probe.file.Stat()
	if err != nil || probe.name != name { // another process is trying the same
		return everything
	}
	return folding{
		letters: f.isAlso(info, strings.ToLower(name)),
		accents: f.isAlso(info, strings.Replace(name, composed, apart, 1)),
		ends:    f.isAlso(info, name+".") || f.isAlso(info, name+" "),
	}
}

// isAlso reports whether a file has this name too.
func (f *folder) isAlso(info fs.FileInfo, name string) bool {
	other, err := f.look(name)
	return err != nil || other != nil && os.SameFile(info, other)
}
