package labtest

import (
	"fmt"
	"os"
	"testing"
)

// programVariable names the program that a test binary is to be.
const programVariable = "CERTEXCH_LAB_PROGRAM"

// Main is for TestMain. A test binary that was started by [Host.Program] is the program of that name, and
// any other runs its tests. It returns the code to exit with.
func Main(m *testing.M, programs map[string]func(args []string) error) int {
	name, ok := os.LookupEnv(programVariable)
	if !ok {
		return m.Run()
	}
	program, ok := programs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "this test binary has no program %q\n", name)
		return 2
	}
	if err := program(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}
