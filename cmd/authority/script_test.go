package main

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certexch/certexch/certauth"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"certexch-authority": main})
}

// TestScripts runs the journeys in testdata with real processes. Set UPDATE=1 to
// rewrite what they compare with.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			// Whatever the umask: an authority needs private parents.
			return os.Chmod(env.WorkDir, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"csr":    cmdCSR,
			"split":  cmdSplit,
			"exits":  cmdExits,
			"setenv": cmdSetenv,
		},
	})
}

// cmdCSR: csr FILE [IDENTITY] writes a request for new keys that wishes for an identity.
func cmdCSR(ts *testscript.TestScript, neg bool, args []string) {
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	sealing, err := hpke.MLKEM768X25519().GenerateKey()
	ts.Check(err)
	var wish certauth.Identity
	if len(args) > 1 {
		wish, err = certauth.ParseIdentity(args[1])
		ts.Check(err)
	}
	der, err := certauth.CreateRequest(signing, sealing.PublicKey().Bytes(), wish)
	ts.Check(err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

// cmdSplit: split BUNDLE writes its parts to leaf.pem, root.pem and crl.pem, for other programs.
func cmdSplit(ts *testscript.TestScript, neg bool, args []string) {
	bundle, err := certauth.ParseBundle([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	for name, part := range map[string]certauth.Bundle{
		"leaf.pem": {Leaf: bundle.Leaf},
		"root.pem": {Root: bundle.Root},
		"crl.pem":  {CRL: bundle.CRL},
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name), part.PEM(), 0o600))
	}
}

// cmdExits: exits CODE COMMAND [ARGS...] runs a command that is to end with this exit code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// cmdSetenv: setenv NAME FILE sets $NAME to what is in the file, without the line feed.
func cmdSetenv(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}
