package node

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// oddKey returns the first key of a document that is not of lower-case letters and underscores, with its
// line; "" for none. Every key of the configuration is, and the decoder would take Read for read, and of
// both the last.
func oddKey(text []byte) (key string, line int) {
	var p unstable.Parser
	p.Reset(text)
	for p.NextExpression() {
		if odd := oddIn(p.Expression()); odd != nil {
			return string(odd.Data), p.Shape(odd.Raw).Start.Line
		}
	}
	return "", 0
}

// oddIn looks at a node and everything below it, inline tables too.
func oddIn(n *unstable.Node) *unstable.Node {
	if n.Kind == unstable.Key && strings.Trim(string(n.Data), "abcdefghijklmnopqrstuvwxyz_") != "" {
		return n
	}
	for it := n.Children(); it.Next(); {
		if odd := oddIn(it.Node()); odd != nil {
			return odd
		}
	}
	return nil
}
