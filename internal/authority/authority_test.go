package authority

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certexch/certexch/certauth"
	"github.com/certexch/certexch/internal/durable"
)

var (
	// cheap makes a guess at a passphrase cost next to nothing.
	cheap      = Cost{Time: 1, Memory: 8, Threads: 1}
	passphrase = []byte("correct horse battery staple")
	start      = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
)

// A world is an authority whose clock the test turns.
type world struct {
	*Signer
	config Config
	time   time.Time
}

func (w *world) now() time.Time { return w.time }

func (w *world) later(d time.Duration) { w.time = w.time.Add(d) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{time: start}
	w.config = Config{Dir: privateDir(t), Now: w.now, Rand: rand.Reader}
	if _, err := Create(t.Context(), w.config, options(t)); err != nil {
		t.Fatal(err)
	}
	w.Signer = unlocked(t, w.config)
	return w
}

func options(t *testing.T) Options {
	td, err := certauth.ParseTrustDomain("acme.example")
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		TrustDomain: td,
		Lifetime:    DefaultRootLifetime,
		Cost:        cheap,
		Passphrase:  func() ([]byte, error) { return passphrase, nil },
	}
}

func unlocked(t *testing.T, config Config) *Signer {
	t.Helper()
	a, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	s, err := a.Unlock(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// privateDir is a folder that an authority can live in, whatever the umask.
func privateDir(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "authority")
	if err := durable.MkdirPrivate(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func id(t *testing.T, s string) certauth.Identity {
	t.Helper()
	id, err := certauth.ParseIdentity(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// keys are a terminal's.
type keys struct {
	signing ed25519.PrivateKey
	sealing []byte
}

func newKeys(t *testing.T) keys {
	t.Helper()
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealing, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return keys{signing, sealing.PublicKey().Bytes()}
}

func (k keys) request(t *testing.T, wish certauth.Identity) *certauth.Request {
	t.Helper()
	der, err := certauth.CreateRequest(k.signing, k.sealing, wish)
	if err != nil {
		t.Fatal(err)
	}
	req, err := certauth.ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// certify signs for an identity, which must succeed.
func (w *world) certify(t *testing.T, k keys, name string) *Issued {
	t.Helper()
	issued, err := w.Sign(t.Context(), k.request(t, certauth.Identity{}), id(t, name), DefaultLifetime)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// open presents a certificate to a terminal that has the given list.
func (w *world) open(t *testing.T, leaf, list []byte) (*certauth.Certificate, error) {
	t.Helper()
	root := w.authority.Root()
	crl, err := root.OpenCRL(list, w.time)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := certauth.NewRoots(certauth.Anchor{Root: root, CRLs: []*certauth.CRL{crl}})
	if err != nil {
		t.Fatal(err)
	}
	return roots.Open(leaf, w.time)
}

// refusedAs wants a terminal to refuse for this reason; "" is to accept.
func refusedAs(t *testing.T, err error, want certauth.Failure) {
	t.Helper()
	var refusal *certauth.Error
	if want == "" && err != nil || want != "" && (!errors.As(err, &refusal) || refusal.Failure != want) {
		t.Errorf("refused as: %v; want %q", err, want)
	}
}

func TestCreate(t *testing.T) {
	w := newWorld(t)
	root := w.authority.Root()
	if root.TrustDomain().String() != "acme.example" ||
		!root.NotBefore().Equal(start.Add(-5*time.Minute)) || !root.NotAfter().Equal(start.Add(DefaultRootLifetime)) {
		t.Errorf("root of %s, valid from %s to %s", root.TrustDomain(), root.NotBefore(), root.NotAfter())
	}
	for _, path := range []string{w.config.keyPath(), w.config.databasePath()} {
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if file, _ := os.ReadFile(w.config.keyPath()); bytes.Contains(file, passphrase) {
		t.Error("the key file holds the passphrase")
	}
}

// An authority is never overwritten, and Create makes one whole or none.
func TestCreateRefuses(t *testing.T) {
	w := newWorld(t)
	before := content(t, w.config.Dir)
	asked := options(t)
	asked.Passphrase = func() ([]byte, error) {
		t.Error("asked for a passphrase in vain")
		return passphrase, nil
	}
	if _, err := Create(t.Context(), w.config, asked); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	if content(t, w.config.Dir) != before {
		t.Error("the first authority was changed")
	}
	for _, change := range []func(*Options, *Config){
		func(o *Options, _ *Config) { o.TrustDomain = certauth.TrustDomain{} },
		func(o *Options, _ *Config) { o.Lifetime = 0 },
		func(o *Options, _ *Config) { o.Lifetime = -time.Hour },
		func(o *Options, _ *Config) { o.Cost = Cost{} },
		func(o *Options, _ *Config) { o.Passphrase = nil },
		func(o *Options, _ *Config) { o.Passphrase = func() ([]byte, error) { return nil, nil } },
		func(o *Options, _ *Config) { o.Passphrase = func() ([]byte, error) { return nil, fs.ErrClosed } },
		func(_ *Options, c *Config) { c.Now = nil },
		func(_ *Options, c *Config) { c.Rand = nil },
		func(_ *Options, c *Config) { c.Rand = strings.NewReader("too little") },
	} {
		config, o := w.config, options(t)
		config.Dir = privateDir(t)
		change(&o, &config)
		if _, err := Create(t.Context(), config, o); err == nil {
			t.Errorf("created with %+v, %+v", config, o)
		}
		if left := content(t, config.Dir); left != "" {
			t.Errorf("left behind: %q", left)
		}
	}
}

// If the database cannot be made, the key file goes too.
func TestCreateFailsWhole(t *testing.T) {
	config := Config{Dir: privateDir(t), Now: func() time.Time { return start }, Rand: rand.Reader}
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t)
	o.Passphrase = func() ([]byte, error) { cancel(); return passphrase, nil }
	if _, err := Create(ctx, config, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left := content(t, config.Dir); left != "" {
		t.Errorf("left behind: %q", left)
	}
}

func TestCreateRace(t *testing.T) {
	config := Config{Dir: privateDir(t), Now: func() time.Time { return start }, Rand: rand.Reader}
	var wg sync.WaitGroup
	won := make(chan *certauth.Root, 8)
	for range cap(won) {
		wg.Go(func() {
			root, err := Create(t.Context(), config, options(t))
			if err == nil {
				won <- root
			} else if !errors.Is(err, ErrExists) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d authorities in one folder", len(won))
	}
	if root := <-won; unlocked(t, config).authority.Root().Fingerprint() != root.Fingerprint() {
		t.Error("the folder holds another authority than the one that was made")
	}
}

// Names of folders that mean something in a URI.
func TestCreateInOddFolders(t *testing.T) {
	names := []string{"with space", "100%25", "a#b", "é"}
	if runtime.GOOS != "windows" {
		names = append(names, "a?mode=ro")
	}
	for _, name := range names {
		config := Config{Dir: filepath.Join(privateDir(t), name), Now: func() time.Time { return start }, Rand: rand.Reader}
		if _, err := Create(t.Context(), config, options(t)); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		unlocked(t, config)
	}
}

func TestOpenRefuses(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name  string
		spoil func(Config) error
		want  error
	}{
		{"no folder", func(c Config) error { return os.RemoveAll(c.Dir) }, ErrNoAuthority},
		{"no key", func(c Config) error { return os.Remove(c.keyPath()) }, ErrNoAuthority},
		{"no database", func(c Config) error { return os.Remove(c.databasePath()) }, ErrUnfinished},
		{"empty database", func(c Config) error { return os.Truncate(c.databasePath(), 0) }, ErrUnfinished},
		{"no database at all", func(c Config) error { return os.WriteFile(c.databasePath(), bytes.Repeat([]byte("x"), 5000), 0o600) }, nil},
	} {
		config := copied(t, w.config)
		if err := c.spoil(config); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), config); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, sql := range []string{"UPDATE authority SET version = 2", "UPDATE authority SET root = x'00'", "DELETE FROM authority", "DROP TABLE authority"} {
		config := copied(t, w.config)
		db, err := openDatabase(config.databasePath())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if _, err := Open(t.Context(), config); err == nil {
			t.Errorf("opened after %s", sql)
		}
	}
}

// E1: what others can read or write is not used.
func TestE1OpenRefusesWhatIsNotPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits")
	}
	w := newWorld(t)
	for _, c := range []struct {
		name string
		mode fs.FileMode
	}{{"root.key", 0o640}, {"root.key", 0o602}, {"authority.db", 0o644}, {"authority.db", 0o660}, {"", 0o777}} {
		config := copied(t, w.config)
		if err := os.Chmod(filepath.Join(config.Dir, c.name), c.mode); err != nil {
			t.Fatal(err)
		}
		var refusal *durable.PermissionError
		if _, err := Open(t.Context(), config); !errors.As(err, &refusal) {
			t.Errorf("%s with mode %v: %v", c.name, c.mode, err)
		}
	}
}

func TestUnlockRefuses(t *testing.T) {
	w := newWorld(t)
	for _, guess := range []string{"", "wrong", string(passphrase) + "\n", strings.ToUpper(string(passphrase))} {
		if _, err := w.authority.Unlock([]byte(guess)); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%q: %v", guess, err)
		}
	}
	other := newWorld(t)
	file, err := os.ReadFile(other.config.keyPath())
	if err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(w.config.keyPath(), file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.authority.Unlock(passphrase); err == nil {
		t.Error("signs with another authority's key")
	}
}

// copied is a second folder with the same authority.
func copied(t *testing.T, config Config) Config {
	t.Helper()
	dir := privateDir(t)
	for _, name := range []string{"root.key", "authority.db"} {
		data, err := os.ReadFile(filepath.Join(config.Dir, name))
		if err == nil {
			err = durable.CreateFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	config.Dir = dir
	return config
}

// content returns all files of a folder in one string.
func content(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(e.Name() + "\n" + string(data))
	}
	return b.String()
}
