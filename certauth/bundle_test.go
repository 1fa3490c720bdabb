package certauth

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// someBundle returns a bundle with all three parts.
func someBundle(t testing.TB) Bundle {
	a := newAuthority(t, "acme.example")
	return Bundle{
		Leaf: a.certify(t, identity(t, "acme.example/nas")),
		Root: a.root.DER(),
		CRL:  a.list(t, Revocations{}).DER(),
	}
}

func TestBundleRoundTrip(t *testing.T) {
	all := someBundle(t)
	for _, b := range []Bundle{all, {Leaf: all.Leaf}, {Root: all.Root}, {CRL: all.CRL}, {Leaf: all.Leaf, CRL: all.CRL}} {
		got, err := ParseBundle(b.PEM())
		check(t, err)
		if !reflect.DeepEqual(got, b) {
			t.Errorf("parsed %v, want %v", got, b)
		}
	}
}

func TestBundleTakesAnyOrderAndLineEnds(t *testing.T) {
	all := someBundle(t)
	text := string(Bundle{CRL: all.CRL}.PEM()) + "\n" + string(Bundle{Root: all.Root}.PEM()) + string(Bundle{Leaf: all.Leaf}.PEM())
	got, err := ParseBundle([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	check(t, err)
	if !reflect.DeepEqual(got, all) {
		t.Error("a bundle in another order and with other line ends is not the same")
	}
}

func TestBundleStrictness(t *testing.T) {
	all := someBundle(t)
	text := string(all.PEM())
	leaf := string(Bundle{Leaf: all.Leaf}.PEM())
	key := "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"
	for _, c := range []struct{ name, text, check string }{
		{"too long", strings.Repeat("\n", maxBundle+1), "B1"},
		{"text before", "subject=\n" + text, "B2"},
		{"text after", text + "x", "B2"},
		{"text between", leaf + "x\n" + string(Bundle{CRL: all.CRL}.PEM()), "B2"},
		{"header", strings.Replace(text, "-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1), "B2"},
		{"block without end", strings.Replace(leaf, "-----END", "-----ENT", 1), "B2"},
		{"block without end before another", "-----BEGIN CERTIFICATE-----\nAAAA\n" + text, "B2"},
		{"not base64", strings.Replace(leaf, "MII", "M*I", 1), "B2"},
		{"private key", text + key, "B3"},
		{"two leaves", text + leaf, "B4"},
		{"two roots", text + string(Bundle{Root: all.Root}.PEM()), "B4"},
		{"two lists", text + string(Bundle{CRL: all.CRL}.PEM()), "B4"},
		{"nothing", "", "B5"},
		{"white space", " \n\t\r\n", "B5"},
		{"certificate cut short", string(Bundle{Leaf: all.Leaf[:len(all.Leaf)-1]}.PEM()), "S2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseBundle([]byte(c.text))
			refused(t, err, Malformed, c.check)
		})
	}
}

// The attacker is whoever can put a file where a terminal installs it from.
func FuzzParseBundle(f *testing.F) {
	all := someBundle(f)
	f.Add(all.PEM())
	f.Add(Bundle{Leaf: all.Leaf}.PEM())
	f.Add(Bundle{CRL: all.CRL}.PEM())
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBundle(data)
		if err != nil {
			return
		}
		again, err := ParseBundle(b.PEM())
		if err != nil || !bytes.Equal(again.PEM(), b.PEM()) {
			t.Fatalf("a bundle does not survive being written: %v", err)
		}
	})
}
