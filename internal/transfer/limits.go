package transfer

import "github.com/certexch/certexch/protocol"

// Values fixed by the specification: a peer may rely on them.
const (
	// MaxComponent is the length in bytes of one component of a name: what file systems hold.
	MaxComponent = 255
	// MaxName is the length in bytes of a name inside a share: what systems take as a path.
	MaxName = 4096
	// MaxShareName is the length in bytes of the name of a share.
	MaxShareName = 64
	// MaxShares is the number of shares of one terminal, so that their names fit one message.
	MaxShares = 256
	// MaxSize is the size in bytes of the largest file: what a signed 64-bit offset reaches.
	MaxSize = 1<<63 - 1
	// MaxListing is the number of entries of one directory. It bounds what a server spends on one
	// request, and what a client collects from a server that never stops.
	MaxListing = 1_000_000

	// maxAhead and maxAheadBytes are how many requests are sent before the first of them is answered,
	// and how long they are together. The server leaves them unread meanwhile, so they must find room in
	// any transport: who waits to send what the other cannot take before it is read itself waits for ever.
	maxAhead      = 64
	maxAheadBytes = 32 << 10
)

const (
	// readFields is the length in bytes of a read request with a version, but for its names; maxRead is that of
	// the longest.
	readFields = 1 + 4 + 1 + 2 + 8 + 8 + 1 + 16
	maxRead    = readFields + MaxShareName + MaxName

	minSeconds = -62_135_596_800 // year 1
	maxSeconds = 253_402_300_799 // the end of year 9999, beyond which times have no common spelling
)

// Choices of this implementation: another may choose differently.
const (
	// maxPage is the number of entries that the server asks of its source for one message. Entries
	// with short names fill a message at about this number.
	maxPage = 1024
	// ring is the number of frames of one transfer, about 64 KiB each, that are between reading and
	// sending, or between receiving and writing: enough for either side to run ahead of the other
	// while that one waits for a disk or a network, and 1 MiB of memory.
	ring = 16
	// maxHeld is how much content travels together with that of other files: for more, one write less is
	// not worth copying it.
	maxHeld = 16 << 10
	// maxMessage is the size in bytes of a message: one frame.
	maxMessage = protocol.FramePayload
)
