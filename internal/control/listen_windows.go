package control

import "net"

// The modes of the folder decide who can open the socket.
func listenPrivate(path string) (net.Listener, error) { return net.Listen("unix", path) }

func openToGroup(string) error { return nil }
