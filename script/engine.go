package script

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"modernc.org/quickjs"

	"github.com/tepin/tepin"
)

//go:embed runtime.js
var runtimeJS string

// work is a worker's life: a program, then calls of it, until its input ends.
func work(in io.Reader, out io.Writer) error {
	w := &worker{out: out, inbox: make(chan down, MaxFetches+1)}
	var ended error
	go func() {
		defer close(w.inbox)
		for ended == nil {
			var d down
			if ended = readFrame(in, &d); ended == nil {
				w.inbox <- d
			}
		}
	}()
	for d := range w.inbox {
		switch {
		case d.Load != nil:
			w.program = *d.Load
		case d.Call != nil:
			if err := w.serve(*d.Call); err != nil {
				return err
			}
		}
	}
	if errors.Is(ended, io.EOF) {
		return nil
	}
	return ended
}

// worker is the side of the child.
type worker struct {
	out     io.Writer
	program Program
	inbox   chan down // closed at the end of the input
	last    int       // the highest id of a fetch or sleep so far
}

// serve makes one call in an engine of its own, and answers it.
func (w *worker) serve(o order) error {
	e := &engine{worker: w, left: o.Computing, end: time.After(o.Waiting), first: w.last, timers: make(chan int, MaxFetches), open: map[int]bool{}}
	done, err := e.run(o)
	w.last += MaxFetches + 1
	if err != nil {
		return err
	}
	return writeFrame(w.out, up{Done: done})
}

// engine is one QuickJS with one call in it.
type engine struct {
	*worker
	vm      *quickjs.VM
	left    time.Duration    // of computing
	end     <-chan time.Time // of the time that the call may take in all
	first   int              // added to the script's ids, which begin anew with each call
	timers  chan int         // ids of sleeps that are over
	fetches int              // so far
	open    map[int]bool     // fetches and sleeps that are not answered
	lines   int
	done    *outcome
	broken  error // of the pipe to the server
}

// run makes the call. An error is one of the pipe, or of this program.
func (e *engine) run(o order) (*outcome, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	defer vm.Close()
	e.vm = vm
	vm.SetMemoryLimit(MaxMemory)
	vm.SetModuleLoader(e.module, func(_ *quickjs.VM, _, name string) (string, error) { return name, nil })
	call, settle, err := e.start()
	if err != nil {
		return nil, err
	}
	defer call.Free()
	defer settle.Free()
	program, err := json.Marshal(Program{Options: e.program.Options, Version: e.program.Version})
	if err != nil {
		return nil, err
	}
	args, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	e.compute(func() error { return drop(call.CallValue(quickjs.UndefinedValue, string(program), string(args))) })
	return e.loop(settle)
}

// loop runs what is left to do, and hands in answers, until the call is done.
func (e *engine) loop(settle quickjs.Value) (*outcome, error) {
	for {
		e.compute(func() error { _, err := e.vm.ExecutePendingJobs(); return err })
		switch {
		case e.broken != nil:
			return nil, e.broken
		case e.done != nil:
			return e.done, nil
		case len(e.open) == 0:
			return &outcome{Failure: &Failure{Kind: Unsettled}}, nil
		}
		var a reply
		select {
		case <-e.end:
			return &outcome{Failure: &Failure{Kind: OutOfTime}}, nil
		case id := <-e.timers:
			a = reply{ID: id, Value: json.RawMessage("null")}
		case d, ok := <-e.inbox:
			if !ok {
				return nil, io.ErrUnexpectedEOF
			}
			if d.Answer == nil {
				return nil, errors.New("script: the server did not wait for the end of the call")
			}
			a = *d.Answer
		}
		if !e.open[a.ID] {
			continue // of a call before this one
		}
		delete(e.open, a.ID)
		value := string(a.Value)
		if a.Error != "" {
			value = a.Error
		}
		e.compute(func() error {
			return drop(settle.CallValue(quickjs.UndefinedValue, a.ID-e.first, a.Error == "", value))
		})
	}
}

// drop frees a value that nobody wants.
func drop(v quickjs.Value, err error) error {
	if err == nil {
		v.Free()
	}
	return err
}

// compute lets JavaScript run, and ends the call when it takes too long or too much. What
// the script throws in f is its own affair: the runtime has told of it, or nobody asked.
func (e *engine) compute(f func() error) {
	if e.done != nil || e.broken != nil {
		return
	}
	if err := e.vm.SetEvalTimeout(max(e.left, time.Millisecond)); err != nil {
		e.broken = err
		return
	}
	began := time.Now()
	err := f()
	e.left -= time.Since(began)
	var thrown *quickjs.Error
	switch {
	case e.done != nil || e.broken != nil:
	case e.left <= 0:
		e.done = &outcome{Failure: &Failure{Kind: OutOfTime}}
	case errors.As(err, &thrown) && outOfMemory(thrown.Name, thrown.Message), err != nil && strings.Contains(err.Error(), "OOM"):
		e.done = &outcome{Failure: &Failure{Kind: OutOfSpace}}
	case err != nil && strings.HasPrefix(err.Error(), "quickjs: aborted"):
		e.done = &outcome{Failure: &Failure{Kind: OutOfTime}} // a promise that begets promises
	}
}

func outOfMemory(name, message string) bool {
	return name == "InternalError" && message == "out of memory"
}

// module is the loader of ES modules: there is one.
func (e *engine) module(_ *quickjs.VM, name string) (string, error) {
	if name != "connector" {
		return "", fmt.Errorf("a script is one module and can import nothing; %q is to be bundled into it", tepin.Shorten(name, 100))
	}
	return e.program.Source, nil
}

// start puts the runtime around the script, and returns what it is driven with.
func (e *engine) start() (call, settle quickjs.Value, err error) {
	for name, f := range map[string]quickjs.HostFunc{"hostFetch": e.fetch, "hostSleep": e.sleep, "hostLog": e.log, "hostDone": e.finish} {
		if err := e.vm.RegisterHostFunc(name, f); err != nil {
			return call, settle, err
		}
	}
	handles, err := e.vm.EvalValue(runtimeJS, quickjs.EvalGlobal)
	if err != nil {
		return call, settle, fmt.Errorf("script: the runtime: %w", err)
	}
	defer handles.Free()
	property := func(name string) (v quickjs.Value) {
		if err == nil {
			var atom quickjs.Atom
			if atom, err = e.vm.NewAtom(name); err == nil {
				v, err = handles.GetPropertyValue(atom)
			}
		}
		return v
	}
	call, settle = property("call"), property("settle")
	return call, settle, err
}

// say writes a message to the server.
func (e *engine) say(u up) {
	if e.broken == nil {
		e.broken = writeFrame(e.out, u)
	}
}

// fetch hands a request up to the server.
func (e *engine) fetch(args []any) (any, error) {
	id, request := e.first+whole(args[0]), args[1].(string)
	if e.fetches++; e.fetches > MaxFetches {
		return nil, fmt.Errorf("a call of a connector makes at most %d requests", MaxFetches)
	}
	e.open[id] = true
	e.say(up{Fetch: &fetch{id, json.RawMessage(request)}})
	return nil, nil
}

// sleep wakes the script after some milliseconds. Longer than a call it need not wait.
func (e *engine) sleep(args []any) (any, error) {
	id, ms := e.first+whole(args[0]), number(args[1])
	if e.fetches++; e.fetches > MaxFetches {
		return nil, fmt.Errorf("a call of a connector makes at most %d requests and pauses", MaxFetches)
	}
	e.open[id] = true
	timers := e.timers
	time.AfterFunc(time.Duration(min(max(ms, 0), float64(2*MaxCall.Milliseconds())))*time.Millisecond, func() { timers <- id })
	return nil, nil
}

// log hands a line of the script's log up.
func (e *engine) log(args []any) (any, error) {
	if e.lines++; e.lines <= maxLines {
		if s, ok := args[0].(string); ok {
			e.say(up{Log: tepin.Shorten(s, maxLine)})
		}
	}
	return nil, nil
}

// finish takes the call's answer: true and a value, or false and a failure, as JSON.
func (e *engine) finish(args []any) (any, error) {
	value := args[1].(string)
	switch {
	case e.done != nil:
	case len(value) > MaxResult:
		e.done = &outcome{Failure: &Failure{Kind: TooLong}}
	case args[0].(bool):
		e.done = &outcome{Value: json.RawMessage(value)}
	default:
		f := &Failure{}
		if err := json.Unmarshal([]byte(value), f); err != nil {
			f = &Failure{Kind: Threw, Name: "Exception", Message: "an exception that cannot be shown"}
		}
		if outOfMemory(f.Name, f.Message) {
			f = &Failure{Kind: OutOfSpace}
		}
		f.Name, f.Message = tepin.Shorten(f.Name, 100), tepin.Shorten(f.Message, maxLine)
		e.done = &outcome{Failure: f}
	}
	return nil, nil
}

// number reads a JavaScript number.
func number(v any) float64 {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int32:
		return float64(n)
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func whole(v any) int { return int(number(v)) }
