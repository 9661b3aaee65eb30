package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/tepin/tepin/web"
)

// A server that answers the same bytes to every token request says what the token
// endpoint can at most do. It runs in a process of its own, which is this program again.
const (
	inStack = "stack" // as Tepin serves: net/http, the stack around every door, its router
	bare    = "bare"  // net/http alone, with its form read
)

// startConstant starts such a server.
func startConstant(kind, body string) (*target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startProgram(self, "constant", kind, body)
}

// serveConstant is the child of startConstant.
func serveConstant(kind, body string) error {
	ballast := make([]byte, 24<<20) // as the server's: the collector has as little to do
	defer func() { _ = ballast[0] }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	if kind == bare {
		return http.Serve(listener, http.HandlerFunc(bareConstant([]byte(body))))
	}
	if kind == plainFiles {
		return http.Serve(listener, servePlain(body))
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	mux := http.NewServeMux()
	web.Mount(mux, []web.Route{{Method: "POST", Path: "/oauth/token", Access: web.Access{Public: true}, Handler: constant([]byte(body))}})
	stack := web.Stack{Log: log}
	return web.NewServer(stack.Wrap(mux), log).Serve(listener)
}

// constant has the headers of a token's answer.
func constant(answer []byte) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := web.ReadBody(r, web.MaxJSON); err != nil {
			return err
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
		h.Set("Content-Type", "application/json")
		_, err := w.Write(answer)
		return err
	}
}

func bareConstant(answer []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer) // the client may be gone
	}
}
