package node

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/certexch/certexch/internal/transfer"
)

// FS returns a share as a file system for reading, with fs.ReadDirFS and fs.StatFS. Its files are
// io.ReaderAt and io.Seeker too. ctx governs everything that is done with it.
func (p *Peer) FS(ctx context.Context, share string) fs.FS {
	return remoteFS{ctx: ctx, peer: p, share: share}
}

type remoteFS struct {
	ctx   context.Context
	peer  *Peer
	share string
}

// Open opens a file or folder. A file is not asked for before its first read.
func (f remoteFS) Open(name string) (fs.File, error) {
	entry, err := f.stat("open", name)
	if err != nil {
		return nil, err
	}
	if entry.Dir {
		return &remoteDir{fs: f, name: name, entry: entry}, nil
	}
	return &remoteFile{fs: f, name: name, entry: entry}, nil
}

// Stat describes a file or folder.
func (f remoteFS) Stat(name string) (fs.FileInfo, error) {
	entry, err := f.stat("stat", name)
	if err != nil {
		return nil, err
	}
	return fileInfo{entry}, nil
}

// ReadDir lists a folder.
func (f remoteFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	entries, err := f.peer.List(f.ctx, f.share, remotePath(name))
	if err != nil {
		return nil, pathError("readdir", name, err)
	}
	list := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		list[i] = fs.FileInfoToDirEntry(fileInfo{e})
	}
	return list, nil
}

func (f remoteFS) stat(op, name string) (Entry, error) {
	if !fs.ValidPath(name) {
		return Entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	entry, err := f.peer.Stat(f.ctx, f.share, remotePath(name))
	if name == "." {
		entry.Name = "."
	}
	return entry, pathError(op, name, err)
}

// remotePath is a name of io/fs as the protocol has it: the share itself is "".
func remotePath(name string) string {
	if name == "." {
		return ""
	}
	return name
}

// pathError keeps the evidence, and lets errors.Is find fs.ErrNotExist and fs.ErrPermission.
func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var status *transfer.StatusError
	if errors.As(err, &status) {
		switch status.Status {
		case transfer.StatusNotFound:
			err = errors.Join(err, fs.ErrNotExist)
		case transfer.StatusNoPermission:
			err = errors.Join(err, fs.ErrPermission)
		}
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// fileInfo is an Entry as io/fs describes it.
type fileInfo struct{ entry Entry }

func (i fileInfo) Name() string       { return i.entry.Name }
func (i fileInfo) Size() int64        { return int64(i.entry.Size) }
func (i fileInfo) ModTime() time.Time { return i.entry.ModTime }
func (i fileInfo) IsDir() bool        { return i.entry.Dir }
func (i fileInfo) Sys() any           { return i.entry }

// Mode is read-only: nothing can be written to a share.
func (i fileInfo) Mode() fs.FileMode {
	switch {
	case i.entry.Dir:
		return fs.ModeDir | 0o555
	case i.entry.Executable:
		return 0o555
	}
	return 0o444
}

// remoteDir is an open folder.
type remoteDir struct {
	fs    remoteFS
	name  string
	entry Entry
	list  []fs.DirEntry // what ReadDir has not given yet
	read  bool
}

func (d *remoteDir) Stat() (fs.FileInfo, error) { return fileInfo{d.entry}, nil }
func (d *remoteDir) Close() error               { return nil }
func (d *remoteDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a folder")}
}

// ReadDir gives the next n entries, or all that remain when n is not positive.
func (d *remoteDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		list, err := d.fs.ReadDir(d.name)
		if err != nil {
			return nil, err
		}
		d.list, d.read = list, true
	}
	if n <= 0 {
		n = len(d.list)
	} else if len(d.list) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.list))
	part := d.list[:n:n]
	d.list = d.list[n:]
	return part, nil
}
