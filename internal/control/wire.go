package control

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/certexch/certexch/protocol"
)

// Blocks follow each other on a connection: one byte of kind, four of length (big-endian), and content.
const (
	blockRequest = 1 // JSON, from the command, first
	blockReply   = 2 // JSON, or nothing for an OpOpen
	blockFailure = 3 // JSON: a Failure, and the last block
	blockMessage = 4 // a frame of a channel
	blockContent = 5 // a frame of a channel
	blockEnd     = 6 // the end of one direction of a channel
)

const (
	blockHeader = 5
	// maxJSON bounds what is not a frame.
	maxJSON = 1 << 20
)

// ErrProtocol: what came over the socket is not what this version of certexch sends.
var ErrProtocol = errors.New("the running terminal and this command do not understand each other")

// Failure is an error as the user is told it: a stable word with its exit code, what happened to whom,
// and the next thing to try.
type Failure struct {
	Reason string `json:"reason"`
	Code   int    `json:"code"`
	Text   string `json:"text"`
	Try    string `json:"try,omitempty"`
}

func (f *Failure) Error() string { return f.Text }

// writeBlock writes one block in one call.
func writeBlock(w io.Writer, kind byte, content []byte) error {
	header := make([]byte, blockHeader, blockHeader+64)
	header[0] = kind
	binary.BigEndian.PutUint32(header[1:], uint32(len(content)))
	blocks := net.Buffers{header, content}
	_, err := blocks.WriteTo(w)
	return broken(err)
}

// errTooMuch: nothing has been written of what is more than maxJSON.
var errTooMuch = errors.New("the answer of the running terminal is too long")

func writeJSON(w io.Writer, kind byte, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(content) > maxJSON {
		return fmt.Errorf("%w: %d bytes", errTooMuch, len(content))
	}
	return writeBlock(w, kind, content)
}

// readHeader reads the head of a block. The length is capped before anything is read on its word.
func readHeader(r io.Reader) (kind byte, length int, err error) {
	var header [blockHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, 0, cutOff(err)
	}
	kind, n := header[0], binary.BigEndian.Uint32(header[1:])
	limit := uint32(maxJSON)
	if kind >= blockMessage {
		limit = protocol.FramePayload
	}
	if kind < blockRequest || kind > blockEnd || n > limit {
		return 0, 0, fmt.Errorf("%w: block of kind %d with %d bytes", ErrProtocol, kind, n)
	}
	return kind, int(n), nil
}

// readJSON reads one block of the kind wanted into v, or returns the *Failure that came instead.
func readJSON(r io.Reader, want byte, v any) error {
	kind, n, err := readHeader(r)
	if err != nil {
		return err
	}
	if kind == blockFailure {
		return readFailure(r, n)
	}
	if kind != want {
		return fmt.Errorf("%w: block of kind %d", ErrProtocol, kind)
	}
	return readInto(r, n, v)
}

func readFailure(r io.Reader, n int) error {
	f := new(Failure)
	if err := readInto(r, n, f); err != nil {
		return err
	}
	return f
}

func readInto(r io.Reader, n int, v any) error {
	content := make([]byte, n)
	if _, err := io.ReadFull(r, content); err != nil {
		return cutOff(err)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(content, v); err != nil {
		return fmt.Errorf("%w: %v", ErrProtocol, err)
	}
	return nil
}

// cutOff is for an end that comes before its time: the other process is gone.
func cutOff(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return broken(err)
}

// broken gives the errors of the socket the shape that those of a session's channel have.
func broken(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: the running terminal: %w", protocol.ErrBroken, err)
}
