package share

import (
	"encoding/binary"
	"io/fs"
	"os"
	"time"

	"github.com/zeebo/blake3"

	"github.com/certexch/certexch/internal/transfer"
)

// file is one version of an open file.
type file struct {
	*os.File
	entry transfer.Entry
}

func (f *file) Entry() transfer.Entry { return f.entry }

func (f *file) Unchanged() error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if version(info) != f.entry.Version {
		return transfer.ErrChanged
	}
	return nil
}

// tick is more than the coarsest clock, of those in use, takes from one time stamp to the next: the
// kernel's at 100 Hz, and Windows' 15.6 ms.
const tick = 20 * time.Millisecond

// settle returns f as the version that it is, once a later change must show in the version: when the
// last change is a tick ago, by the clock or because it has been the last one for a tick. A file that
// does not come to rest is ErrChanged.
func settle(f *os.File, now func() time.Time) (*file, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	settled := now().Sub(changeTime(info)) >= tick
	for try := 0; !settled; try++ {
		if try == 3 {
			return nil, transfer.ErrChanged
		}
		time.Sleep(tick)
		last := version(info)
		if info, err = f.Stat(); err != nil {
			return nil, err
		}
		settled = version(info) == last
	}
	return &file{f, entryOf("", info)}, nil
}

func entryOf(name string, info fs.FileInfo) transfer.Entry {
	entry := transfer.Entry{Name: name, Dir: info.IsDir(), ModTime: info.ModTime(), Version: version(info)}
	if !entry.Dir {
		entry.Size = uint64(info.Size())
		entry.Executable = info.Mode()&0o111 != 0
	}
	return entry
}

// version is a hash over what changes when a file changes or is replaced.
func version(info fs.FileInfo) [16]byte {
	inode, device := inodeOf(info)
	modified, changed := info.ModTime(), changeTime(info)
	var b []byte
	for _, n := range []uint64{
		uint64(info.Size()),
		uint64(modified.Unix()), uint64(modified.Nanosecond()),
		uint64(changed.Unix()), uint64(changed.Nanosecond()),
		inode, device,
	} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	hash := blake3.Sum256(b)
	return [16]byte(hash[:])
}
