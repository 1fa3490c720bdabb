package demo

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/certexch/certexch/internal/receive"
	"github.com/certexch/certexch/node"
)

// fetch has second list and fetch everything, and compares every byte.
func (s *stage) fetch(ctx context.Context) error {
	s.step("The second lists and fetches all of it. They exchange certificates; each finds the other on its list.")
	s.commands("certexch --home second ls "+s.first.identity.String()+":"+filesShare,
		"certexch --home second get "+s.first.identity.String()+":"+filesShare+"/NAME")
	p, leave, err := s.second.meet(ctx, s.first)
	if err != nil {
		return err
	}
	defer leave()
	files, err := list(ctx, p, filesShare, "")
	if err != nil {
		return err
	}
	want, err := regularFiles(s.Dir)
	if err != nil {
		return err
	}
	if len(files) < want {
		return fmt.Errorf("the demo failed: %d files were listed, and there are %d", len(files), want)
	}
	var total uint64
	for _, name := range files {
		n, err := s.fetchOne(ctx, p, filesShare, name, s.Dir)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		total += n
	}
	s.found("%d files, %d bytes: each byte compared, all of them the same.", len(files), total)
	return nil
}

// meet is what stands behind every command that visits: the terminal, and the other one, met.
func (a *actor) meet(ctx context.Context, other *actor) (p *node.Peer, leave func(), err error) {
	t, err := a.terminal()
	if err != nil {
		return nil, nil, err
	}
	p, err = t.Dial(ctx, other.identity)
	if err != nil {
		_ = t.Close()
		return nil, nil, err
	}
	return p, func() { _ = t.Close() }, nil
}

// list returns the names of all files in a folder of a share, and in those below it.
func list(ctx context.Context, p *node.Peer, share, folder string) (files []string, err error) {
	entries, err := p.List(ctx, share, folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := path.Join(folder, e.Name)
		if !e.Dir {
			files = append(files, name)
			continue
		}
		below, err := list(ctx, p, share, name)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// fetchOne fetches a file and compares it with the original in dir.
func (s *stage) fetchOne(ctx context.Context, p *node.Peer, share, name, dir string) (uint64, error) {
	local := filepath.FromSlash(name)
	fetched := s.path("fetched", share, local)
	if err := os.MkdirAll(filepath.Dir(fetched), 0o700); err != nil {
		return 0, err
	}
	result, err := receive.File(ctx, p, share, name, receive.Destination{Dir: filepath.Dir(fetched), Name: filepath.Base(fetched)}, receive.Options{})
	if err != nil {
		return 0, err
	}
	equal, err := same(fetched, filepath.Join(dir, local))
	if err == nil && !equal {
		err = fmt.Errorf("the demo failed: what arrived is not what was sent")
	}
	return result.Bytes, err
}

// measure fetches the large file.
func (s *stage) measure(ctx context.Context) error {
	s.step("Throughput: one file of %d MB, from file to file, sealed twice (TLS, and the certified keys), synced to disk.", s.Bulk/1e6)
	s.commands("certexch --home second get " + s.first.identity.String() + ":" + bulkShare + "/" + bulkFile)
	p, leave, err := s.second.meet(ctx, s.first)
	if err != nil {
		return err
	}
	defer leave()
	began := time.Now()
	if err := os.MkdirAll(s.path("fetched", bulkShare), 0o700); err != nil {
		return err
	}
	result, err := receive.File(ctx, p, bulkShare, bulkFile, receive.Destination{Dir: s.path("fetched", bulkShare), Name: bulkFile}, receive.Options{})
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	equal, err := same(s.path("fetched", bulkShare, bulkFile), s.path(bulkShare, bulkFile))
	if err != nil {
		return err
	}
	if !equal {
		return fmt.Errorf("the demo failed: what arrived is not what was sent")
	}
	s.found("%.2f s, %.0f MB/s, both ends on this machine; the same bytes again.", took, float64(result.Bytes)/1e6/took)
	return nil
}
