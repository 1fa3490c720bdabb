package transfer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

var entries = []Entry{
	{Name: "a.txt", Size: 1, ModTime: time.Unix(1_700_000_000, 5), Version: [16]byte{1, 2, 3}},
	{Name: "bin", Size: MaxSize, ModTime: time.Unix(-1, 999_999_999), Executable: true},
	{Name: "sub", Dir: true, ModTime: time.Unix(maxSeconds, 0), Version: [16]byte{15: 9}},
}

var requests = []request{
	{op: opShares},
	{op: opList, id: 1, share: "docs"},
	{op: opList, id: 2, share: "docs", path: "a/b", after: "q3.csv"},
	{op: opStat, id: 3, share: "docs", path: "q3.csv"},
	{op: opRead, id: 4, share: "docs", path: "q3.csv", offset: 7, length: 1<<64 - 1},
	{op: opRead, id: 1<<32 - 1, share: "docs", path: "q3.csv", ifVersion: &[16]byte{4}},
}

var answers = []answer{
	sharesAnswer{},
	sharesAnswer{[]string{"docs", "photos"}},
	pageAnswer{},
	pageAnswer{more: true, entries: entries},
	entryAnswer{entries[2]},
	headAnswer{entries[0]},
	endAnswer{total: 1 << 40, hash: [32]byte{1}},
	failureAnswer{StatusNotFound},
}

// The bytes are those that the specification shows, of the messages that it shows.
func TestMessageBytes(t *testing.T) {
	document, err := os.ReadFile("../../spec/data.md")
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(document), "## Examples")
	shown := 0
	for _, c := range []struct {
		message []byte
		want    string
	}{
		{requestBytes(request{op: opShares, id: 7}), "01 00000007"},
		{requestBytes(request{op: opList, id: 1, share: "docs", path: "a/b", after: "c"}), "02 00000001 04646f6373 0003612f62 0163"},
		{requestBytes(request{op: opStat, id: 2, share: "docs"}), "03 00000002 04646f6373 0000"},
		{requestBytes(request{op: opRead, id: 3, share: "d", path: "f", offset: 1, length: 2}), "04 00000003 0164 000166 0000000000000001 0000000000000002 00"},
		{requestBytes(request{op: opRead, id: 3, share: "d", path: "f", ifVersion: &[16]byte{0xaa}}), "04 00000003 0164 000166 0000000000000000 0000000000000000 01 aa000000000000000000000000000000"},
		{answerBytes(1, sharesAnswer{[]string{"a", "bc"}}), "81 00000001 0161 026263"},
		{answerBytes(2, pageAnswer{more: true, entries: []Entry{{Name: "x", Size: 5, ModTime: time.Unix(1, 2), Executable: true}}}),
			"82 00000002 01 0178 02 0000000000000005 0000000000000001 00000002 00000000000000000000000000000000"},
		{answerBytes(3, entryAnswer{Entry{Dir: true, ModTime: time.Unix(-1, 0)}}),
			"83 00000003 03 0000000000000000 ffffffffffffffff 00000000 00000000000000000000000000000000"},
		{answerBytes(4, headAnswer{Entry{Size: 1, ModTime: time.Unix(0, 0), Version: [16]byte{0xbb}}}),
			"84 00000004 01 0000000000000001 0000000000000000 00000000 bb000000000000000000000000000000"},
		{answerBytes(5, endAnswer{9, [32]byte{0xcc}}),
			"85 00000005 0000000000000009 cc00000000000000000000000000000000000000000000000000000000000000"},
		{answerBytes(6, failureAnswer{StatusChanged}), "ff 00000006 03"},
	} {
		if want, _ := hex.DecodeString(strings.ReplaceAll(c.want, " ", "")); !bytes.Equal(c.message, want) {
			t.Errorf("got  %x\nwant %x", c.message, want)
		}
		if strings.Contains(strings.Join(strings.Fields(examples), " "), c.want) {
			shown++
		}
	}
	if inDocument := len(regexp.MustCompile(`(?m)^[0-9a-f]{2} `).FindAllString(examples, -1)); shown != inDocument {
		t.Errorf("%d of the %d examples in data.md are these", shown, inDocument)
	}
}

// B10: for each message, every other first byte, every cut, a byte too many, and every changed byte
// either is refused or is another message in its only encoding.
func TestB10EveryByteCounts(t *testing.T) {
	var messages [][]byte
	for _, r := range requests {
		messages = append(messages, requestBytes(r))
	}
	for i, a := range answers {
		messages = append(messages, answerBytes(uint32(i), a))
	}
	for _, message := range messages {
		checkCanonical(t, message)
		checkCanonical(t, append(bytes.Clone(message), 0))
		for i := range message {
			checkCanonical(t, message[:i])
			for value := range 256 {
				changed := bytes.Clone(message)
				changed[i] = byte(value)
				checkCanonical(t, changed)
			}
		}
	}
}

// checkCanonical fails unless message is refused as a violation or encodes to itself again, in both
// roles.
func checkCanonical(t *testing.T, message []byte) {
	t.Helper()
	r, err := decodeRequest(message)
	switch {
	case err == nil && r.op.isKnown():
		if again := requestBytes(r); !bytes.Equal(again, message) {
			t.Fatalf("request %x is another encoding of %x", message, again)
		}
	case err == nil && (r.share != "" || r.op >= firstAnswer):
		t.Fatalf("request %x was understood as %+v", message, r)
	case err != nil && !errors.Is(err, ErrViolation):
		t.Fatalf("request %x: %v", message, err)
	}
	id, a, err := decodeAnswer(message)
	switch {
	case err == nil:
		if again := answerBytes(id, a); !bytes.Equal(again, message) {
			t.Fatalf("answer %x is another encoding of %x", message, again)
		}
	case !errors.Is(err, ErrViolation):
		t.Fatalf("answer %x: %v", message, err)
	}
}

// B10: a kind of message, a status or a kind of entry that is not specified means nothing.
func TestB10UnknownValues(t *testing.T) {
	for value := range 256 {
		value := byte(value)
		r, err := decodeRequest([]byte{value, 0, 0, 0, 7})
		switch known := value >= 1 && value <= 4; {
		case value >= 0x80 && !errors.Is(err, ErrViolation),
			!known && value < 0x80 && (err != nil || r != request{op: op(value), id: 7} || r.op.isKnown()):
			t.Errorf("operation %d: %+v, %v", value, r, err)
		}
		_, _, err = decodeAnswer([]byte{kindFailure, 0, 0, 0, 0, value})
		if known := value >= 1 && value <= 9; known != (err == nil) {
			t.Errorf("status %d: %v", value, err)
		}
		entry := answerBytes(0, entryAnswer{})
		entry[answerHeader] = value
		_, _, err = decodeAnswer(entry)
		if known := value >= 1 && value <= 3; known != (err == nil) {
			t.Errorf("kind of entry %d: %v", value, err)
		}
	}
}

// B10: what contradicts itself is refused though each part of it is well formed.
func TestB10Contradictions(t *testing.T) {
	for name, a := range map[string]answer{
		"shares out of order":     sharesAnswer{[]string{"b", "a"}},
		"a share twice":           sharesAnswer{[]string{"a", "a"}},
		"a share without name":    sharesAnswer{[]string{""}},
		"a share outside":         sharesAnswer{[]string{".."}},
		"too many shares":         sharesAnswer{manyNames(MaxShares + 1)},
		"entries out of order":    pageAnswer{entries: []Entry{{Name: "b"}, {Name: "a"}}},
		"an entry twice":          pageAnswer{entries: []Entry{{Name: "a"}, {Name: "a"}}},
		"an entry without name":   pageAnswer{entries: []Entry{{}}},
		"nothing, and more of it": pageAnswer{more: true},
		"a directory with a size": entryAnswer{Entry{Dir: true, Size: 1}},
		"a file beyond all sizes": headAnswer{Entry{Size: MaxSize + 1}},
		"a failure that is none":  failureAnswer{StatusOK},
	} {
		if _, _, err := decodeAnswer(answerBytes(0, a)); !errors.Is(err, ErrViolation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, r := range map[string]request{
		"no share":            {op: opStat},
		"a share outside":     {op: opStat, share: ".."},
		"a share in a share":  {op: opStat, share: "docs/a"},
		"a long share":        {op: opStat, share: strings.Repeat("s", MaxShareName+1)},
		"a file outside":      {op: opStat, share: "docs", path: "../a"},
		"a long name":         {op: opStat, share: "docs", path: strings.Repeat("a/", MaxName/2) + "a"},
		"the share as a dot":  {op: opList, share: "docs", path: "."},
		"a list after a path": {op: opList, share: "docs", after: "a/b"},
		"a list after a dot":  {op: opList, share: "docs", after: "."},
		"a list after a line": {op: opList, share: "docs", after: "a\nb"},
	} {
		if _, err := decodeRequest(requestBytes(r)); !errors.Is(err, ErrViolation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := decodeAnswer(answerBytes(0, sharesAnswer{manyNames(MaxShares)})); err != nil {
		t.Errorf("the largest number of shares: %v", err)
	}
}

func manyNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("share-%06d-%s", i, strings.Repeat("x", MaxShareName-13))
	}
	return names
}

// The largest set of shares fits one message, as MaxShares promises.
func TestSharesFitOneMessage(t *testing.T) {
	if n := len(answerBytes(0, sharesAnswer{manyNames(MaxShares)})); n > maxMessage {
		t.Errorf("%d bytes", n)
	}
}

// Times that a message cannot say become the nearest that it can, so that no file is unservable for
// its date.
func TestExtremeTimes(t *testing.T) {
	for _, c := range []struct{ have, want time.Time }{
		{time.Unix(maxSeconds+1, 7), time.Unix(maxSeconds, 0)},
		{time.Unix(minSeconds-1, 7), time.Unix(minSeconds, 0)},
		{time.Unix(1<<62, 0), time.Unix(maxSeconds, 0)},
		{time.Time{}, time.Time{}},
	} {
		_, a, err := decodeAnswer(answerBytes(0, entryAnswer{Entry{ModTime: c.have}}))
		if err != nil || !a.(entryAnswer).entry.ModTime.Equal(c.want) {
			t.Errorf("%v became %v, %v", c.have, a, err)
		}
	}
	var b cryptobyte.Builder
	b.AddUint8(kindFile)
	b.AddUint64(0)
	b.AddUint64(0)
	b.AddUint32(1e9)
	b.AddBytes(make([]byte, 16))
	if _, _, err := decodeAnswer(append([]byte{kindEntry, 0, 0, 0, 0}, b.BytesOrPanic()...)); !errors.Is(err, ErrViolation) {
		t.Errorf("a second of 1e9 nanoseconds: %v", err)
	}
}

// C5: lengths that promise more than there is cost no memory.
func TestC5LengthsAllocateNothing(t *testing.T) {
	messages := [][]byte{
		{byte(opStat), 0, 0, 0, 0, 255},
		{byte(opStat), 0, 0, 0, 0, 4, 'd', 'o', 'c', 's', 255, 255},
		{kindShares, 0, 0, 0, 0, 255, 'a'},
		{kindPage, 0, 0, 0, 0, 1, 255},
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 1000
	for range rounds {
		for _, message := range messages {
			_, err := decodeRequest(message)
			_, _, err2 := decodeAnswer(message)
			if err == nil || err2 == nil {
				t.Fatalf("%x was accepted", message)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / rounds / uint64(len(messages)); each > 2048 {
		t.Errorf("a refused message costs %d bytes", each)
	}
}

// The attacker is a registered client: its bytes either are a request in its only encoding or are
// refused.
func FuzzRequest(f *testing.F) {
	for _, r := range requests {
		f.Add(requestBytes(r))
	}
	f.Fuzz(func(t *testing.T, message []byte) { checkCanonical(t, message) })
}

// The attacker is a registered server: its bytes either are an answer in its only encoding or are
// refused.
func FuzzAnswer(f *testing.F) {
	for i, a := range answers {
		f.Add(answerBytes(uint32(i), a))
	}
	f.Fuzz(func(t *testing.T, message []byte) { checkCanonical(t, message) })
}
