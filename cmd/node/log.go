package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	golog "github.com/ipfs/go-log/v2"
	"github.com/libp2p/go-libp2p/gologshim"
	"go.uber.org/zap/zapcore"

	"github.com/certexch/certexch/internal/cli"
	"github.com/certexch/certexch/node"
)

// ownLog is the name under which this program logs; the others are libp2p's.
const ownLog = "certexch"

// logToStderr is the log of a command that runs once: silent without --verbose.
func (e *environment) logToStderr() *slog.Logger {
	if !e.verbose {
		slog.SetDefault(slog.New(slog.DiscardHandler))
		gologshim.SetDefaultHandler(slog.DiscardHandler)
		return nil
	}
	return startLog(os.Stderr, "text", golog.LevelDebug, golog.LevelWarn)
}

// logToStdout is the log of serve, as the configuration has it. libp2p's own is kept to errors.
func (e *environment) logToStdout(cfg node.Log) *slog.Logger {
	level, err := golog.Parse(cfg.Level)
	others := golog.LevelError
	switch {
	case e.verbose:
		level, others = golog.LevelDebug, golog.LevelInfo
	case e.quiet || err != nil: // node.Load has checked the level
		level = golog.LevelError
	}
	return startLog(os.Stdout, cfg.Format, level, others)
}

// startLog sends the log of this program, of libp2p and of the standard library's loggers to w: one
// record a line, with everything escaped that is not printable.
func startLog(w io.Writer, format string, own, others golog.LogLevel) *slog.Logger {
	golog.SetupLogging(golog.Config{Level: others, SubsystemLevels: map[string]golog.LogLevel{ownLog: own}})
	golog.SetPrimaryCore(zapcore.NewCore(encoder(format), zapcore.AddSync(recordWriter{w}), zapcore.DebugLevel))
	handler := golog.SlogHandler()
	gologshim.SetDefaultHandler(handler)
	slog.SetDefault(slog.New(handler).With("logger", "other"))
	return slog.New(handler).With("logger", ownLog)
}

// recordWriter writes each record, which ends in the one line feed that is a line feed, on one line.
type recordWriter struct{ w io.Writer }

func (r recordWriter) Write(record []byte) (int, error) {
	_, err := io.WriteString(r.w, cli.Printable(strings.TrimSuffix(string(record), "\n"))+"\n")
	return len(record), err
}

func encoder(format string) zapcore.Encoder {
	cfg := zapcore.EncoderConfig{
		TimeKey:          "time",
		LevelKey:         "level",
		NameKey:          "logger",
		MessageKey:       "message",
		EncodeTime:       zapcore.RFC3339TimeEncoder,
		EncodeLevel:      zapcore.LowercaseLevelEncoder,
		EncodeName:       zapcore.FullNameEncoder,
		EncodeDuration:   zapcore.StringDurationEncoder,
		ConsoleSeparator: "  ",
		NewReflectedEncoder: func(w io.Writer) zapcore.ReflectedEncoder {
			return textEncoder{json.NewEncoder(w)}
		},
	}
	if format == "json" {
		return zapcore.NewJSONEncoder(cfg)
	}
	return zapcore.NewConsoleEncoder(cfg)
}

// textEncoder writes values of types of their own, which come out of slog as they are, by their text:
// as JSON, most errors would be an empty object.
type textEncoder struct{ json *json.Encoder }

func (t textEncoder) Encode(v any) error {
	switch text := v.(type) {
	case error:
		v = text.Error()
	case fmt.Stringer:
		v = text.String()
	}
	return t.json.Encode(v)
}
