package receive

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// markName is the file that a folder holds which a tree has made and not yet finished. It says which tree,
// so that the same one is known to go on there.
const markName = transfer.PartialPrefix + "TREE" + transfer.PartialSuffix

// maxMark is more bytes than any mark has.
const maxMark = 16 << 10

// markOf is what the mark of a tree holds. Neither of its parts has a line feed in it.
func markOf(terminal, share, remote string) string {
	return "certexch tree " + terminal + ":" + path.Join(share, remote) + "\n"
}

// Unfinished returns dir as the destination of a Tree, if it is a folder that such a Tree, of this folder
// of this terminal, has made and not brought to its end. A link to one is none.
func Unfinished(dir, terminal, share, remote string) (Destination, bool) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Destination{}, false
	}
	dst := Destination{filepath.Dir(filepath.Clean(dir)), filepath.Base(abs)}
	if filepath.Base(filepath.Clean(dir)) != dst.Name { // "." or ".."
		dst.Dir = filepath.Dir(abs)
	}
	top, err := openFolder(dst)
	if err != nil {
		return Destination{}, false
	}
	defer top.root.Close()
	root, err := top.openRoot(dst.Name)
	if err != nil {
		return Destination{}, false
	}
	defer root.Close()
	text, ok := (&folder{root: root}).mark()
	return dst, ok && text == markOf(terminal, share, remote)
}

// mark returns what the mark of a folder holds. One that another user may have written is none, and neither
// is a link.
func (f *folder) mark() (text string, ok bool) {
	info, err := f.look(markName)
	if err != nil || info == nil || !isOurs(info) || !isPrivate(info) {
		return "", false
	}
	file, err := f.root.OpenFile(markName, os.O_RDONLY|openCarefully, 0)
	if err != nil {
		return "", false
	}
	defer file.Close()
	opened, err := file.Stat()
	if err != nil || !os.SameFile(info, opened) {
		return "", false
	}
	held, err := io.ReadAll(io.LimitReader(file, maxMark))
	return string(held), err == nil
}

// begin marks the folder of a whole tree, if this run has made it, until end takes the mark off. Without a
// mark, for want of space perhaps, the tree arrives all the same.
func (t *tree) begin(f *folder, remote string) {
	want := markOf(t.opt.Terminal, t.share, remote)
	if !f.made {
		now := time.Now()
		held, ok := f.mark()
		switch {
		case !ok || !strings.HasPrefix(want, held):
			return
		case held != want: // that run was killed right there
			if f.root.Remove(markName) != nil || !f.writeMark(want) {
				return
			}
		case f.root.Chtimes(markName, now, now) != nil:
			return
		}
	} else if !f.writeMark(want) {
		return
	}
	f.users.Add(1)
	t.marked = f
}

func (f *folder) writeMark(text string) bool {
	file, err := f.root.OpenFile(markName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	_ = file.Close()
	if err != nil {
		_ = f.root.Remove(markName)
		return false
	}
	f.names.Add(1)
	return true
}

// end takes the mark off if nothing of the tree is missing.
func (t *tree) end(err error) {
	if t.marked == nil {
		return
	}
	if err == nil && t.tally.summary().Failed == 0 && t.marked.root.Remove(markName) == nil {
		t.marked.names.Add(1)
	}
	t.leave(t.marked)
}
