package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/certexch/certexch/internal/cli"
)

// maxPassphrase bounds what is read of a passphrase file, in bytes.
const maxPassphrase = 4096

var errNoTerminal = errors.New("the passphrase of the root key is needed, and there is no terminal to ask for it")

// passphrase returns the passphrase of an existing authority.
func (e *environment) passphrase(ctx context.Context) ([]byte, error) {
	if e.passwordFile != "" {
		return e.readPassphrase(e.passwordFile)
	}
	return e.ask(ctx, "Passphrase of the root key in "+cli.Printable(e.dir)+": ")
}

// newPassphrase returns the passphrase for a new authority; typed, it must be
// typed twice.
func (e *environment) newPassphrase(ctx context.Context) ([]byte, error) {
	if e.passwordFile != "" {
		return e.readPassphrase(e.passwordFile)
	}
	first, err := e.ask(ctx, "New passphrase for the root key: ")
	if err != nil {
		return nil, err
	}
	if len(first) == 0 {
		return nil, errors.New("the passphrase is empty")
	}
	second, err := e.ask(ctx, "The same again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, errors.New("the two passphrases are not the same")
	}
	return first, nil
}

// readPassphrase returns the one line of a file, which may be a pipe.
func (e *environment) readPassphrase(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase: %w", err)
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		e.say("warning: others can read the passphrase; run: chmod 600 %s", shellWord(path))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPassphrase+1))
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase: %w", err)
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	switch {
	case len(text) > maxPassphrase:
		return nil, fmt.Errorf("%s is longer than %d bytes; it should hold the passphrase alone", path, maxPassphrase)
	case bytes.ContainsAny(line, "\r\n"):
		return nil, fmt.Errorf("%s has more than one line; it should hold the passphrase alone", path)
	case len(line) == 0:
		return nil, fmt.Errorf("%s is empty; it should hold the passphrase", path)
	}
	return line, nil
}

// askAtTerminal asks whoever sits at the terminal, even if standard input and
// output are redirected, without showing what is typed.
func askAtTerminal(ctx context.Context, prompt string) ([]byte, error) {
	in, out, err := openTerminal()
	if err != nil {
		return nil, errNoTerminal
	}
	defer out.Close()
	fd := int(in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, errNoTerminal
	}
	fmt.Fprint(out, prompt)
	defer fmt.Fprintln(out)
	type answer struct {
		line []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		read <- answer{line, err}
	}()
	select {
	case a := <-read:
		return a.line, a.err
	case <-ctx.Done():
		// The read cannot be stopped; what is typed must be visible again.
		return nil, errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}

func openTerminal() (in, out *os.File, err error) {
	if runtime.GOOS != "windows" {
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		return tty, tty, err
	}
	if in, err = os.OpenFile("CONIN$", os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0)
	return in, out, err
}
