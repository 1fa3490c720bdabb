package labtest

import (
	"container/heap"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// impairment carries frames between two TAP devices.
type impairment struct {
	near, far *os.File
	there     direction
	back      direction
	running   sync.WaitGroup
}

// impair makes two TAP devices in the namespace and carries frames between them.
func (n *namespace) impair(near, far string, c Conditions) (*impairment, error) {
	i := &impairment{}
	err := n.do(func() (err error) {
		if i.near, err = openTAP(near); err != nil {
			return err
		}
		i.far, err = openTAP(far)
		return err
	})
	if err == nil {
		err = i.set(c)
	}
	if err != nil {
		i.close()
		return nil, err
	}
	i.running.Go(func() { i.there.carry(i.near, i.far) })
	i.running.Go(func() { i.back.carry(i.far, i.near) })
	return i, nil
}

// openTAP makes a device that lives as long as the file is open.
func openTAP(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("opening /dev/net/tun", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("making a TAP device", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// set makes both directions have conditions from now on.
func (i *impairment) set(c Conditions) error {
	// The kernel hands over dozens of TCP's frames as one, unless each is to have a fate of its own.
	offload := 0
	if c == (Conditions{Delay: c.Delay}) {
		offload = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6
	}
	for _, f := range []*os.File{i.near, i.far} {
		if err := setOffload(f, offload); err != nil && offload == 0 { // without, it is only slower
			return err
		}
	}
	i.there.conditions.Store(&c)
	i.back.conditions.Store(&c)
	return nil
}

// setOffload says what a TAP device takes over from the kernel.
func setOffload(f *os.File, offload int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var refused error
	if err := raw.Control(func(fd uintptr) { refused = unix.IoctlSetInt(int(fd), unix.TUNSETOFFLOAD, offload) }); err != nil {
		return err
	}
	return os.NewSyscallError("setting what "+f.Name()+" takes over", refused)
}

func (i *impairment) close() {
	for _, f := range []*os.File{i.near, i.far} {
		if f != nil {
			f.Close()
		}
	}
	i.running.Wait()
}

// Before each frame the kernel says, in so many bytes, what it has left to the device to do: to cut it, and to
// write the checksum. To the other device this is said as it came.
const frameNote = 10

// maxFrame is the size of the largest frame: an Ethernet header, with room for a tag, and 64 KiB.
const maxFrame = frameNote + 18 + 1<<16

// maxQueued is how many frames may be under way in one direction.
const maxQueued = 1 << 17

// maxWait is how long a frame may wait for its turn at a rate.
const maxWait = 200 * time.Millisecond

// direction is one of the two of a link.
type direction struct {
	conditions atomic.Pointer[Conditions]
	free       time.Time // when the frames so far will have passed at the rate
}

// frame is one that is under way.
type frame struct {
	data   []byte
	due    time.Time
	number uint64 // of two that are due at once, the first came first
}

// carry reads frames and writes them when they are due, until one of the files is closed.
func (d *direction) carry(from, to *os.File) {
	queued := make(chan frame, 4096)
	var writing sync.WaitGroup
	writing.Go(func() { deliver(queued, to) })
	defer writing.Wait()
	defer close(queued)
	buf := make([]byte, maxFrame)
	for number := uint64(0); ; number++ {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if due, ok := d.due(n-frameNote, time.Now()); ok {
			queued <- frame{slices.Clone(buf[:n]), due, number}
		}
	}
}

// due says when a frame of n bytes that is sent now arrives, if it does.
func (d *direction) due(n int, now time.Time) (time.Time, bool) {
	c := d.conditions.Load()
	if rand.Float64() < c.Loss {
		return now, false
	}
	due := now
	if c.Rate > 0 {
		if d.free.Before(now) {
			d.free = now
		}
		if d.free.Sub(now) > maxWait {
			return now, false
		}
		d.free = d.free.Add(time.Duration(n) * time.Second / time.Duration(c.Rate))
		due = d.free
	}
	due = due.Add(c.Delay)
	if c.Jitter > 0 {
		due = due.Add(rand.N(c.Jitter))
	}
	return due, true
}

// deliver writes each frame when it is due.
func deliver(queued <-chan frame, to *os.File) {
	var waiting frames
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		for len(waiting) > 0 && !time.Now().Before(waiting[0].due) {
			// A device that is down or full loses what is written to it, as a cable does.
			_, _ = to.Write(heap.Pop(&waiting).(frame).data)
		}
		if len(waiting) > 0 {
			timer.Reset(time.Until(waiting[0].due))
		} else {
			timer.Reset(time.Hour)
		}
		select {
		case f, ok := <-queued:
			if !ok {
				return
			}
			if len(waiting) < maxQueued {
				heap.Push(&waiting, f)
			}
		case <-timer.C:
		}
	}
}

// frames are ordered by when they are due.
type frames []frame

func (f frames) Len() int { return len(f) }
func (f frames) Less(i, j int) bool {
	if f[i].due.Equal(f[j].due) {
		return f[i].number < f[j].number
	}
	return f[i].due.Before(f[j].due)
}
func (f frames) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frames) Push(x any)   { *f = append(*f, x.(frame)) }
func (f *frames) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	(*f)[last] = frame{}
	*f = (*f)[:last]
	return x
}
