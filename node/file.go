package node

import (
	"errors"
	"io"
	"io/fs"
)

// remoteFile is an open file. Reading in order streams the file; Seek begins anew at the place, and
// ReadAt asks for a range of its own. All of it is of the version that was there when it was opened:
// a file that changes ends in an error.
type remoteFile struct {
	fs      remoteFS
	name    string
	entry   Entry
	offset  int64
	content *Content // from offset on, nil before the first read and after a Seek
}

func (f *remoteFile) Stat() (fs.FileInfo, error) { return fileInfo{f.entry}, nil }

// Read gives the next bytes.
func (f *remoteFile) Read(p []byte) (int, error) {
	if err := f.open(); err != nil {
		return 0, err
	}
	n, err := f.content.Read(p)
	f.offset += int64(n)
	return n, f.wrap(err)
}

// open asks for the rest of the file, if it has not been asked for. At the end it returns io.EOF.
func (f *remoteFile) open() (err error) {
	switch {
	case f.content != nil:
		return nil
	case f.offset >= int64(f.entry.Size):
		return io.EOF
	}
	f.content, err = f.from(uint64(f.offset), 0)
	return err
}

// WriteTo writes what is left of the file to w, which is the fastest way to read it.
func (f *remoteFile) WriteTo(w io.Writer) (int64, error) {
	if err := f.open(); err == io.EOF {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	n, err := f.content.WriteTo(w)
	f.offset += n
	return n, f.wrap(err)
}

// ReadAt reads len(p) bytes from off on.
func (f *remoteFile) ReadAt(p []byte, off int64) (int, error) {
	size := int64(f.entry.Size)
	switch {
	case off < 0:
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	case off >= size:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	want := min(int64(len(p)), size-off)
	content, err := f.from(uint64(off), uint64(want))
	if err != nil {
		return 0, err
	}
	defer content.Close()
	n, err := io.ReadFull(content, p[:want])
	if err != nil {
		return n, f.wrap(err)
	}
	if _, err := content.Read(make([]byte, 1)); err != io.EOF { // the end proves what came
		return 0, f.wrap(err)
	}
	if want < int64(len(p)) {
		return n, io.EOF
	}
	return n, nil
}

// Seek moves the place of the next Read.
func (f *remoteFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += int64(f.entry.Size)
	case io.SeekStart:
	default:
		offset = -1
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "seek", Path: f.name, Err: fs.ErrInvalid}
	}
	if offset != f.offset {
		f.drop()
		f.offset = offset
	}
	return offset, nil
}

// Close gives up what has been asked for and not read.
func (f *remoteFile) Close() error {
	f.drop()
	return nil
}

func (f *remoteFile) drop() {
	if f.content != nil {
		_ = f.content.Close()
		f.content = nil
	}
}

func (f *remoteFile) from(offset, length uint64) (*Content, error) {
	version := f.entry.Version
	content, err := f.fs.peer.Read(f.fs.ctx, ReadRequest{
		Share: f.fs.share, Path: remotePath(f.name), Offset: offset, Length: length, IfVersion: &version,
	})
	return content, f.wrap(err)
}

func (f *remoteFile) wrap(err error) error {
	if err == io.EOF || errors.As(err, new(*fs.PathError)) {
		return err
	}
	return pathError("read", f.name, err)
}
