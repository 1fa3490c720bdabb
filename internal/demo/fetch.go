package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
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
		result, err := s.fetchOne(ctx, p, filesShare, name)
		if err == nil {
			err = s.compare(filesShare, name, s.Dir)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		total += result.Bytes
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

// fetchOne fetches a file, to the same place below "fetched".
func (s *stage) fetchOne(ctx context.Context, p *node.Peer, share, name string) (receive.Result, error) {
	dir, base := filepath.Split(s.fetched(share, name))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return receive.Result{}, err
	}
	return receive.File(ctx, p, share, name, receive.Destination{Dir: dir, Name: base}, receive.Options{})
}

func (s *stage) fetched(share, name string) string {
	return s.path("fetched", share, filepath.FromSlash(name))
}

// compare compares what arrived with the original below dir.
func (s *stage) compare(share, name, dir string) error {
	equal, err := same(s.fetched(share, name), filepath.Join(dir, filepath.FromSlash(name)))
	if err == nil && !equal {
		err = errors.New("the demo failed: what arrived is not what was sent")
	}
	return err
}

// measure fetches the large file, to the disk and to nowhere.
func (s *stage) measure(ctx context.Context) error {
	s.step("Throughput, both ends on this machine: %d MB, sealed twice (TLS, and the certified keys).", s.Bulk/1e6)
	remote := s.first.identity.String() + ":" + bulkShare + "/" + bulkFile
	s.commands("certexch --home second get "+remote, "certexch --home second cat "+remote+" > /dev/null")
	p, leave, err := s.second.meet(ctx, s.first)
	if err != nil {
		return err
	}
	defer leave()
	began := time.Now()
	if _, err := s.fetchOne(ctx, p, bulkShare, bulkFile); err != nil {
		return err
	}
	s.found("From file to file, synced to the disk: %s.", s.rate(began))
	if err := s.compare(bulkShare, bulkFile, s.path(bulkShare)); err != nil {
		return err
	}
	began = time.Now()
	content, err := p.Read(ctx, node.ReadRequest{Share: bulkShare, Path: bulkFile})
	if err != nil {
		return err
	}
	defer content.Close()
	if _, err := content.WriteTo(io.Discard); err != nil {
		return err
	}
	s.found("From file to nowhere: %s. Each byte of the first compared: the same.", s.rate(began))
	return nil
}

// rate is how fast the large file has gone since began.
func (s *stage) rate(began time.Time) string {
	seconds := time.Since(began).Seconds()
	return fmt.Sprintf("%.2f s, %.0f MB/s", seconds, float64(s.Bulk)/1e6/seconds)
}
