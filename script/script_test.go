package script_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/script"
)

func TestMain(m *testing.M) {
	sandbox.Main(script.Children())
	os.Exit(m.Run())
}

var env = tepin.NewID[tepin.EnvironmentID]()

func newPool(t *testing.T, workers int) *script.Pool {
	t.Helper()
	p := script.NewPool(script.Options{Workers: workers, Computing: time.Second, Waiting: 3 * time.Second})
	t.Cleanup(p.Close)
	return p
}

// calling is a call of a method m of a class with the given body.
func calling(class string, args ...any) script.Call {
	source := "export default class { constructor(runtime) { this.runtime = runtime }\n" + class + "\n}"
	return script.Call{
		Key: script.Key{Environment: env, Program: source},
		Load: func(context.Context) (script.Program, error) {
			return script.Program{Source: source, Options: json.RawMessage(`{"base":"https://example.com/","n":3,"on":true}`), Version: "1.2.3"}, nil
		},
		Method: "m", Args: args,
		Fetch: func(_ context.Context, request json.RawMessage) (json.RawMessage, error) {
			return json.Marshal(map[string]any{"ok": true, "status": 200, "text": string(request)})
		},
	}
}

func call(t *testing.T, p *script.Pool, c script.Call) (string, error) {
	t.Helper()
	raw, err := p.Call(t.Context(), c)
	return string(raw), err
}

func failure(t *testing.T, err error) *script.Failure {
	t.Helper()
	f, ok := errors.AsType[*script.Failure](err)
	if !ok {
		t.Fatalf("no failure: %v", err)
	}
	return f
}

func TestRuntime(t *testing.T) {
	p := newPool(t, 2)
	for class, want := range map[string]string{
		`m(a, b) { return [a, b.x] }`:                                     `[1,"y"]`,
		`async m() { return this.runtime.options }`:                       `{"base":"https://example.com/","n":3,"on":true}`,
		`m() { return [this.runtime.platform, this.runtime.sdkVersion] }`: `["server","1.2.3"]`,
		`m() { return }`: `null`,
		`m() { return [typeof setTimeout, typeof window, typeof fetch, typeof require, typeof process, typeof std, typeof os, typeof scriptArgs] }`:                                                                                                                                `["undefined","undefined","undefined","undefined","undefined","undefined","undefined","undefined"]`,
		`m() { return Object.getOwnPropertyNames(globalThis).filter((n) => n.startsWith("host")) }`:                                                                                                                                                                                `[]`,
		`async m() { const b = Date.now(); await sleep(30); return Date.now() - b >= 29 }`:                                                                                                                                                                                         `true`,
		`async m() { const r = await this.runtime.fetch("https://a/?q=1", {method:"post", headers:{A:"b", C:true}, body:"x"}); return [r.ok, r.status, JSON.parse(r.text)] }`:                                                                                                      `[true,200,{"url":"https://a/?q=1","method":"post","headers":[["A","b"],["C","true"]],"redirect":"follow","text":"x"}]`,
		`async m() { const r = await this.runtime.fetch("u"); return JSON.parse(r.text) }`:                                                                                                                                                                                         `{"url":"u","method":"GET","headers":[],"redirect":"follow"}`,
		`async m() { const all = await Promise.all([..."abc"].map((u) => this.runtime.fetch(u))); return all.map((r) => JSON.parse(r.text).url) }`:                                                                                                                                 `["a","b","c"]`,
		`async m() { const f = new StudioFormData(); f.append("a", 1); f.append("f", new FilePointer("i", "u", "n.png"), "o.png"); const r = await this.runtime.fetch("u", {method: "POST", body: f}); return JSON.parse(r.text).form }`:                                           `[{"name":"a","value":"1"},{"name":"f","file":"i","fileName":"o.png"}]`,
		`async m() { const r = await this.runtime.fetch("u", {method: "POST", body: new FilePointer("i", "u", "n.png")}); return JSON.parse(r.text).file }`:                                                                                                                        `"i"`,
		`m() { const f = new StudioFormData(); f.append("a", "1"); f.append("a", "2"); f.set("b", "3"); f.append("c", "4"); f.delete("c"); const seen = []; f.forEach((v, k) => seen.push(k + v)); return [f.get("a"), f.getAll("a"), f.has("b"), f.has("c"), f.get("z"), seen] }`: `["1",["1","2"],true,false,null,["a1","a2","b3"]]`,
		`m() { const e = new ConnectorHttpError(404); return [e instanceof Error, e.status, e.name, e.message] }`:                                                                                                                                                                  `[true,404,"ConnectorHttpError","HTTP error 404"]`,
		`static #x = 2; async m() { const o = {a: {b: null}}; let n = 0; for await (const v of (async function* () { yield 1; yield 2 })()) n += v; return [o?.a?.b ?? "d", 2n ** 3n === 8n, n, [..."aXbX".matchAll(/X/g)].length, Object.fromEntries([["k", 1]])] }`:              `["d",true,3,2,{"k":1}]`,
	} {
		c := calling(class, 1, map[string]string{"x": "y"})
		if got, err := call(t, p, c); err != nil || got != want {
			t.Errorf("%s\n\tgave %s, %v\n\twant %s", class, got, err, want)
		}
	}
}

// upload gets its files as FilePointers.
func TestUploadArguments(t *testing.T) {
	c := calling(`upload(files, ctx) { return [files[0] instanceof FilePointer, files[0].name, ctx.folder] }`,
		[]map[string]string{{"id": "i", "url": "u", "name": "n.png"}}, map[string]string{"folder": "/a"})
	c.Method = "upload"
	if got, err := call(t, newPool(t, 1), c); err != nil || got != `[true,"n.png","/a"]` {
		t.Error(got, err)
	}
}

func TestFailures(t *testing.T) {
	p := script.NewPool(script.Options{Workers: 2}) // with time enough, however slow the machine
	t.Cleanup(p.Close)
	for class, want := range map[string]script.Failure{
		`m() { throw new TypeError("no") }`:                                   {Kind: script.Threw, Name: "TypeError", Message: "no", Line: 2},
		`async m() { await null; throw new ConnectorHttpError(403, "stop") }`: {Kind: script.HTTP, Status: 403, Message: "stop"},
		`m() { throw {a: 1} }`:                                                {Kind: script.Threw, Name: "Exception", Message: `{"a":1}`},
		`m() { throw null }`:                                                  {Kind: script.Threw, Name: "Exception", Message: "null"},
		`m() { throw {get toJSON() { throw 1 }} }`:                            {Kind: script.Threw, Name: "Exception", Message: "object"},
		`other() {}`: {Kind: script.Absent},
		`m() { return {get a() { throw new Error("getter") }} }`: {Kind: script.Threw, Name: "Error", Message: "getter", Line: 2},
		`m() { return 1n }`:                           {Kind: script.Threw, Name: "TypeError"},
		`m() { const a = []; a.push(a); return a }`:   {Kind: script.Threw, Name: "TypeError"},
		`m() { return new Promise(() => {}) }`:        {Kind: script.Unsettled},
		`m( { }`:                                      {Kind: script.Broken, Name: "SyntaxError", Line: 3},
		`m() {} } throw new Error("load"); class X {`: {Kind: script.Broken, Name: "Error", Message: "load", Line: 2},
		`m() {} } import "fs"; class X {`:             {Kind: script.Broken},
		`async m() { return import("std") }`:          {Kind: script.Threw},
		`async m() { for (let i = 0; i < 200; i++) await this.runtime.fetch("u") }`: {Kind: script.Threw, Message: "a call of a connector makes at most 100 requests"},
		`m() { return "x".repeat(11 << 20) }`:                                       {Kind: script.TooLong},
	} {
		t.Run(class, func(t *testing.T) {
			_, err := call(t, p, calling(class))
			got := failure(t, err)
			if got.Kind != want.Kind || want.Name != "" && got.Name != want.Name || want.Message != "" && got.Message != want.Message || got.Status != want.Status || want.Line != 0 && got.Line != want.Line {
				t.Errorf("got %+v", *got)
			}
		})
	}
}

// Whatever a script does, its call ends, and the next one of the same program is served.
func TestAttacks(t *testing.T) {
	hasty, patient := newPool(t, 4), script.NewPool(script.Options{Workers: 4}) // in this one, other limits come first
	t.Cleanup(patient.Close)
	for class, kinds := range map[string]string{
		`m() { for (;;) {} }`:                                                                              "time",
		`async m() { for (;;) await null }`:                                                                "time",
		`m() { const f = () => Promise.resolve().then(f); return f() }`:                                    "time threw memory",
		`m() { return /^(?=(a+)+$)b|(a+)+$/.test("a".repeat(40) + "!") }`:                                  "time",
		`m() { try { for (;;) {} } catch { return "caught" } finally { return "finally" } }`:               "time",
		`m() { const a = []; for (;;) a.push(new Array(1000).fill(a.length)) }`:                            "memory",
		`m() { const a = []; for (;;) { try { for (;;) a.push(new ArrayBuffer(1 << 20)) } catch {} } }`:    "time memory",
		`m() { let s = "x"; for (;;) s = s + s + "y" }`:                                                    "memory threw",
		`m() { return "x".repeat(2 ** 29) }`:                                                               "memory threw size",
		`m() { return Array(2 ** 26).fill("xxxxxxxxxx").join() }`:                                          "memory threw size",
		`m() { const f = () => 1 + f(); return f() }`:                                                      "threw",
		`m() { const f = () => { try { return f() } catch { return f() } }; return f() }`:                  "time threw",
		`m() { let o = {}; for (let i = 0; i < 1e6; i++) o = {o}; return o }`:                              "threw memory size",
		`m() { JSON.parse("[".repeat(5e6)) }`:                                                              "threw memory",
		`m() { return new Uint8Array(2 ** 31) }`:                                                           "memory threw",
		`async m() { await Promise.all(Array(1e5).fill(0).map(() => this.runtime.fetch("u"))) }`:           "threw time",
		`m() { for (let i = 0; i < 1e5; i++) console.log("x".repeat(1e4)); return new Promise(() => {}) }`: "unsettled time",
		`async m() { await Promise.all(Array(50).fill(0).map(() => sleep(1e9))) }`:                         "time",
		`m() { Object.prototype.toJSON = () => { throw 1 }; Promise.prototype.then = () => {}; Array.prototype.push = null; JSON.stringify = null; return {} }`:                      "threw ok unsettled",
		`m() { Object.defineProperty(Object.prototype, "method", {get() { return "x" }}); delete globalThis.Promise; Map.prototype.set = () => {}; return this.runtime.fetch("u") }`: "threw unsettled",
		`m() { this.runtime.constructor.constructor("return this")().sleep = null; return typeof sleep }`:                                                                            "ok",
		`m() { Function.prototype.call = Function.prototype.apply = null; eval("var hostDone = 1"); return typeof hostDone }`:                                                        "ok",
	} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			p := patient
			if strings.Contains(kinds, "time") {
				p = hasty
			}
			began := time.Now()
			c := calling(class + "\n next() { return 'served' }")
			got, err := call(t, p, c)
			kind := "ok"
			if err != nil {
				kind = string(failure(t, err).Kind)
			}
			if !strings.Contains(" "+kinds+" ", " "+kind+" ") {
				t.Errorf("%s, %.100s, %v", kind, got, err)
			}
			if d := time.Since(began); d > 20*time.Second {
				t.Errorf("it took %v", d)
			}
			c.Method = "next"
			if got, err := call(t, p, c); err != nil || got != `"served"` {
				t.Errorf("the call after it: %s, %v", got, err)
			}
		})
	}
}

// Nothing is left of a call for the next one, of the same program in the same worker.
func TestCallsKnowNothingOfEachOther(t *testing.T) {
	p := newPool(t, 1)
	c := calling(`m() { globalThis.n = (globalThis.n ?? 0) + 1; Object.prototype.left = 1; this.constructor.left = 2; counter++; return [globalThis.n, counter, this.constructor.left] } } let counter = 0; class X {`)
	for range 3 {
		if got, err := call(t, p, c); err != nil || got != "[1,1,2]" {
			t.Error(got, err)
		}
	}
	if live, idle := p.Workers(); live != 1 || idle != 1 {
		t.Errorf("%d workers, %d idle", live, idle)
	}
}

// A worker serves one environment, and one program.
func TestWorkersOfKeys(t *testing.T) {
	p := newPool(t, 4)
	c := calling(`m() { return 1 }`)
	for _, e := range []tepin.EnvironmentID{env, env, tepin.NewID[tepin.EnvironmentID]()} {
		c.Key.Environment = e
		if _, err := call(t, p, c); err != nil {
			t.Fatal(err)
		}
	}
	if live, _ := p.Workers(); live != 2 {
		t.Errorf("%d workers for two environments", live)
	}
	c.Key.Program = "2"
	if _, err := call(t, p, c); err != nil {
		t.Fatal(err)
	}
	if live, _ := p.Workers(); live != 3 {
		t.Errorf("%d workers for three keys", live)
	}
}

// Where there is no room, the longest idle makes some.
func TestRoom(t *testing.T) {
	p := newPool(t, 2)
	for i := range 5 {
		c := calling(fmt.Sprintf(`m() { return %d }`, i))
		if got, err := call(t, p, c); err != nil || got != fmt.Sprint(i) {
			t.Fatal(got, err)
		}
		if live, _ := p.Workers(); live > 2 {
			t.Errorf("%d workers", live)
		}
	}
}

// Fetches are made at the same time, but not all of them, and each script gets its own.
func TestFetchesAtOnce(t *testing.T) {
	p := newPool(t, 2)
	var now, most atomic.Int32
	c := calling(`async m() { return (await Promise.all(Array(40).fill(0).map((_, i) => this.runtime.fetch("u" + i)))).map((r) => r.text).join() }`)
	c.Fetch = func(_ context.Context, raw json.RawMessage) (json.RawMessage, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		var r struct{ URL string }
		err := json.Unmarshal(raw, &r)
		return json.RawMessage(`{"text":"` + r.URL + `"}`), err
	}
	var want []string
	for i := range 40 {
		want = append(want, fmt.Sprintf("u%d", i))
	}
	if got, err := call(t, p, c); err != nil || got != `"`+strings.Join(want, ",")+`"` {
		t.Error(got, err)
	}
	if most.Load() != script.MaxAtOnce {
		t.Errorf("%d at once", most.Load())
	}
}

// A refused fetch is an exception that the script may catch. One that nobody waits for is
// over with the call.
func TestFetchFails(t *testing.T) {
	p := newPool(t, 1)
	c := calling(`async m() { this.runtime.fetch("slow"); try { await this.runtime.fetch("bad") } catch (e) { return [e instanceof Error, e.message] } }`)
	ended := make(chan struct{})
	c.Fetch = func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
		if strings.Contains(string(raw), "slow") {
			<-ctx.Done()
			close(ended)
			return nil, ctx.Err()
		}
		return nil, errors.New("the host is not allowed")
	}
	for range 2 {
		if got, err := call(t, p, c); err != nil || got != `[true,"the host is not allowed"]` {
			t.Fatal(got, err)
		}
		<-ended
		ended = make(chan struct{})
	}
}

// A call for which nobody waits any more leaves the worker in order.
func TestCancelledCall(t *testing.T) {
	p := newPool(t, 1)
	c := calling(`async m() { await this.runtime.fetch("u"); return 1 }`)
	if _, err := call(t, p, calling(`m() { return 1 }`)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.Fetch = func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if _, err := p.Call(ctx, c); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c.Fetch = func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage("{}"), nil }
	if got, err := call(t, p, c); err != nil || got != "1" {
		t.Error(got, err)
	}
}

// An environment whose calls hang leaves half of the workers to the others, and is told to
// come back when too many of its own wait.
func TestShares(t *testing.T) {
	p := newPool(t, 2)
	hang := make(chan struct{})
	c := calling(`async m() { await this.runtime.fetch("u"); return 1 }`)
	c.Fetch = func(context.Context, json.RawMessage) (json.RawMessage, error) {
		<-hang
		return json.RawMessage("{}"), nil
	}
	var many, all atomic.Int32
	var callers sync.WaitGroup
	for range 70 {
		callers.Go(func() {
			all.Add(1)
			_, err := p.Call(t.Context(), c)
			if tepin.KindOf(err) == tepin.TooMany {
				many.Add(1)
			}
		})
	}
	for many.Load() < 6 {
		time.Sleep(5 * time.Millisecond)
	}
	other := calling(`m() { return 2 }`)
	other.Key.Environment = tepin.NewID[tepin.EnvironmentID]()
	if got, err := call(t, p, other); err != nil || got != "2" {
		t.Error(got, err)
	}
	close(hang)
	callers.Wait()
	if many.Load() != 6 {
		t.Errorf("%d of %d are refused", many.Load(), all.Load())
	}
}

// A program that cannot be loaded leaves no worker behind that counts and is not there.
func TestLoadFails(t *testing.T) {
	p := newPool(t, 2)
	c := calling(`m() { return 1 }`)
	c.Load = func(context.Context) (script.Program, error) {
		return script.Program{}, tepin.Errorf(tepin.NotFound, "it is gone")
	}
	if _, err := call(t, p, c); tepin.KindOf(err) != tepin.NotFound {
		t.Error(err)
	}
	if live, idle := p.Workers(); live != 0 || idle != 0 {
		t.Errorf("%d workers, %d of them idle", live, idle)
	}
}

// A closed pool has no workers, and takes no calls.
func TestClose(t *testing.T) {
	p := script.NewPool(script.Options{Workers: 2})
	if _, err := call(t, p, calling(`m() { return 1 }`)); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if live, _ := p.Workers(); live != 0 {
		t.Errorf("%d workers", live)
	}
	if _, err := call(t, p, calling(`m() { return 1 }`)); tepin.KindOf(err) != tepin.Unavailable {
		t.Error(err)
	}
}

func BenchmarkCall(b *testing.B) {
	p := script.NewPool(script.Options{Workers: 1})
	defer p.Close()
	c := calling(`async m() { const r = await this.runtime.fetch("u"); return {status: r.status} }`)
	for b.Loop() {
		if _, err := p.Call(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}
