package receive

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/cryptobyte"

	"github.com/certexch/certexch/internal/transfer"
)

// journal says, beside a partial, what it is a part of and which hash each whole block of it has that was
// received. It is never synced: after a crash at whatever moment, blocks and hashes tell whether they
// belong together. A nil journal keeps nothing.
type journal struct {
	folder *folder
	name   string
	file   *os.File // nil after an error: what cannot be noted is received again
	n      int      // whole blocks noted
}

// hashSize is the size in bytes of what a journal notes of one block.
const hashSize = 32

// journalName is the name of the journal of a partial.
func journalName(partial string) string {
	return strings.TrimSuffix(partial, transfer.PartialSuffix) + ".journal" + transfer.PartialSuffix
}

// head is the beginning of the journal of a file: everything that has to be the same for its blocks to be
// of use. It has one encoding, and is compared byte for byte.
func head(from origin, entry transfer.Entry) []byte {
	var b cryptobyte.Builder
	b.AddBytes([]byte("certexch journal 1\n"))
	for _, s := range []string{from.terminal, from.share, from.path} {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
	}
	b.AddBytes(entry.Version[:])
	b.AddUint64(entry.Size)
	return b.BytesOrPanic() // a name has 4,096 bytes at most
}

// newJournal begins a journal in place of any that is there. It returns nil if it cannot.
func newJournal(f *folder, partial string, head []byte) *journal {
	j := &journal{folder: f, name: journalName(partial)}
	_ = f.root.Remove(j.name)
	var err error
	if j.file, err = f.root.OpenFile(j.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil
	}
	j.write(head)
	return j
}

// note notes the hash of the block that comes next.
func (j *journal) note(hash [hashSize]byte) {
	if j == nil || j.file == nil {
		return
	}
	if j.write(hash[:]); j.file != nil {
		j.n++
	}
}

func (j *journal) write(p []byte) {
	if _, err := j.file.Write(p); err != nil {
		j.close()
	}
}

// blocks returns how many blocks have been noted.
func (j *journal) blocks() int {
	if j == nil {
		return 0
	}
	return j.n
}

func (j *journal) close() {
	if j != nil && j.file != nil {
		_ = j.file.Close()
		j.file = nil
	}
}

// discard removes the journal.
func (j *journal) discard() {
	if j == nil {
		return
	}
	j.close()
	_ = j.folder.root.Remove(j.name)
}

// resume opens the partial that an earlier run has left of this version of the file, and sees how much of
// it holds. It returns nil if there is nothing of use, or nobody may use it now.
func resume(ctx context.Context, f *folder, from origin, entry transfer.Entry) *partial {
	if entry.Size <= transfer.BlockSize {
		return nil
	}
	p := reopen(f, from.hidden())
	if p == nil {
		return nil
	}
	if info, err := p.file.Stat(); err == nil && isPrivate(info) {
		p.journal = reopenJournal(ctx, p, head(from, entry))
	}
	if ctx.Err() != nil { // not all of it has been looked at
		p.leave()
		return nil
	}
	if p.journal == nil {
		p.discard()
		return nil
	}
	p.offset = uint64(p.journal.n) * transfer.BlockSize
	if p.offset > entry.Size || p.file.Truncate(int64(p.offset)) != nil {
		p.discard()
		return nil
	}
	return p
}

// reopenJournal opens the journal of p, if it begins with head, and cuts it off after the last block in a
// row that p holds. It returns nil if p holds none.
func reopenJournal(ctx context.Context, p *partial, head []byte) *journal {
	j := &journal{folder: p.folder, name: journalName(p.name)}
	info, err := j.folder.root.Lstat(j.name)
	if err != nil || !isOurs(info) {
		return nil
	}
	if j.file, err = j.folder.root.OpenFile(j.name, os.O_RDWR|openCarefully, 0); err != nil {
		return nil
	}
	opened, err := j.file.Stat()
	if err != nil || !os.SameFile(info, opened) || !isPrivate(opened) {
		j.close()
		return nil
	}
	if j.n = holding(ctx, j.file, head, p.file); ctx.Err() != nil {
		return j
	}
	end := int64(len(head) + j.n*hashSize)
	if _, err := j.file.Seek(end, io.SeekStart); err != nil || j.n == 0 || j.file.Truncate(end) != nil {
		j.close()
		return nil
	}
	return j
}

// holding returns how many whole blocks in a row, from the first on, content holds as a journal has noted
// them; none if the journal does not begin with head, or ctx is done.
func holding(ctx context.Context, noted io.Reader, head []byte, content io.ReaderAt) int {
	noted = bufio.NewReader(noted)
	begin := make([]byte, len(head))
	if _, err := io.ReadFull(noted, begin); err != nil || !bytes.Equal(begin, head) {
		return 0
	}
	block := make([]byte, transfer.BlockSize)
	for n := 0; ; n++ {
		var hash [hashSize]byte
		if _, err := io.ReadFull(noted, hash[:]); err != nil || ctx.Err() != nil {
			return n
		}
		if read, _ := content.ReadAt(block, int64(n)*transfer.BlockSize); read < len(block) || transfer.BlockHash(block) != hash {
			return n
		}
	}
}
