package labtest

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := Main(m, map[string]func([]string) error{"echo": echoProgram})
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func echoProgram(args []string) error {
	_, err := fmt.Println(args)
	return err
}
