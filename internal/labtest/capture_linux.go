package labtest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Capture is every frame that a network has carried since it began. It is all in memory.
type Capture struct {
	lab     *Lab
	file    *os.File
	reading sync.WaitGroup
	stopped bool
	packets []Packet
	streams [][]byte // of TCP, each direction in its order; made when first asked for
}

// captureBuffer is how much the kernel keeps while this process is busy.
const captureBuffer = 256 << 20

// Capture begins to capture the LAN.
func (l *Lab) Capture() *Capture { return l.LAN().Capture() }

// Capture begins to capture the network.
func (n *Network) Capture() *Capture {
	t := n.lab.t
	t.Helper()
	c := &Capture{lab: n.lab}
	if err := n.lab.switches.do(func() (err error) {
		c.file, err = openCapture(n.device())
		return err
	}); err != nil {
		t.Fatalf("no capture of %s: %v", n.name, err)
	}
	c.reading.Go(c.read)
	t.Cleanup(c.Stop)
	return c
}

func openCapture(device string) (*os.File, error) {
	iface, err := net.InterfaceByName(device)
	if err != nil {
		return nil, err
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	// Bound to a device before it is given a protocol, the socket never sees another's frames.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = errors.Join(
		os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureBuffer)),
		// A bridge shows what goes through it, and not only what is for it, to those who want everything.
		os.NewSyscallError("setsockopt", unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(iface.Index), Type: unix.PACKET_MR_PROMISC})),
		os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: iface.Index})))
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), device), nil
}

func (c *Capture) read() {
	buf := make([]byte, 1<<17) // a veth carries up to 64 KiB in one piece
	for {
		n, err := c.file.Read(buf)
		if err != nil {
			return
		}
		c.packets = append(c.packets, decode(bytes.Clone(buf[:n])))
	}
}

// Stop ends the capture. What was sent before is in it; the test fails if some of it was lost.
func (c *Capture) Stop() {
	if c.stopped {
		return
	}
	c.stopped = true
	_ = c.file.SetReadDeadline(time.Unix(0, 1))
	c.reading.Wait()
	raw, err := c.file.SyscallConn()
	if err != nil {
		c.lab.t.Errorf("the capture cannot be read: %v", err)
		return
	}
	_ = raw.Control(func(fd uintptr) { c.drain(int(fd)) })
	c.file.Close()
}

// drain reads what is left, and asks whether anything was lost.
func (c *Capture) drain(fd int) {
	buf := make([]byte, 1<<17)
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			break
		}
		c.packets = append(c.packets, decode(bytes.Clone(buf[:n])))
	}
	stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil || stats.Drops > 0 {
		c.lab.t.Errorf("the capture is not whole: %d packets lost, %v", stats.Drops, err)
	}
}

// Packets are the frames in their order. The capture must have been stopped.
func (c *Capture) Packets() []Packet {
	c.Stop()
	return c.packets
}

// Bytes is the length of all frames that the filter takes, or of all if it is nil. The capture must have
// been stopped.
func (c *Capture) Bytes(filter func(Packet) bool) int {
	n := 0
	for _, p := range c.Packets() {
		if filter == nil || filter(p) {
			n += len(p.Frame)
		}
	}
	return n
}

// Contains reports whether the text was on the wire: in one frame, or in one direction of a TCP
// connection over however many. The capture must have been stopped.
func (c *Capture) Contains(text []byte) bool {
	for _, p := range c.Packets() {
		if bytes.Contains(p.Frame, text) {
			return true
		}
	}
	if c.streams == nil {
		c.streams = reassemble(c.packets)
	}
	for _, s := range c.streams {
		if bytes.Contains(s, text) {
			return true
		}
	}
	return false
}
