package transfer

// span returns how many bytes a read of length bytes at offset of a file of size bytes gives, length
// 0 standing for all that follows: that many exactly, or ErrRange. No sum is formed, so that none can
// overflow.
func span(size, offset, length uint64) (uint64, error) {
	if offset > size || length > size-offset { // D-17
		return 0, ErrRange
	}
	if length == 0 {
		return size - offset, nil
	}
	return length, nil
}
