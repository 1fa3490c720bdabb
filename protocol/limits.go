package protocol

import "time"

// Protocol identifiers (spec/certexch.md, section 1). They carry the version and the suite, and the
// exchange identifier is part of everything that is signed, so there is nothing to negotiate inside.
const (
	// ID names the exchange and, after it, the control stream.
	ID = "/certexch/1.0"
	// DataID names the sealed streams that carry requests and answers.
	DataID = "/certexch/data/1.0"
)

// Values fixed by the specification: a peer may rely on them.
const (
	// MaxMessage is the largest message of the exchange in bytes, header included.
	MaxMessage = 8 << 10
	// ExchangeTimeout bounds an exchange from the opening of its stream to FINISHED.
	ExchangeTimeout = 10 * time.Second
	// MaxAuthorities is the number of authorities that one side names.
	MaxAuthorities = 8

	// FramePayload is the plaintext, in bytes, that one sealed frame carries at most. A full sealed
	// frame is then FrameSize bytes, which is what yamux carries in one frame of its own.
	FramePayload = FrameSize - frameHeader - frameTag
	// FrameSize is the size in bytes of a full sealed frame.
	FrameSize = 65524
	// framesPerKey is the number of frames after which a direction moves on to its next key.
	framesPerKey = 1 << 20
)

// Choices of this implementation: another may choose differently.
const (
	// RefusalStep is the grid on which refusals leave. It is wider than any check takes, so that the
	// moment of a refusal does not tell which check failed.
	RefusalStep = 20 * time.Millisecond
	// streamWindow is how far the numbers of streams may arrive out of order.
	streamWindow = 1024
)

const (
	frameHeader = 4  // kind, end, length
	frameTag    = 16 // AES-GCM
	saltSize    = 16
)
