package main

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// connections is how many clients ask at once: so many that the server has always
// something to do. One that waits spends its time on falling asleep and waking up.
const connections = 64

// load is what the clients send. The bytes are prepared, and answers are hardly read: a
// client as costly as the server would keep it waiting.
type load struct {
	address  string
	requests [][]byte
	tls      func() *tls.Config // of one client; nil = plain
	once     bool               // a connection for each request
}

// answered is what came of a load: every answer was a 200.
type answered struct {
	count   int
	took    time.Duration
	latency []time.Duration // sorted; of a paced load only
}

// run sends requests for a time, as fast as they are answered, or perSecond of them if
// that is not 0. An answer other than 200 ends it.
func (l load) run(d time.Duration, perSecond float64) (answered, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all answered
	var failed error
	var turn atomic.Int64
	begin := time.Now()
	for range connections {
		c := &client{load: l, turn: &turn, end: begin.Add(d)}
		if perSecond > 0 {
			c.every = time.Duration(connections / perSecond * float64(time.Second))
		}
		wg.Go(func() {
			err := c.run()
			mu.Lock()
			defer mu.Unlock()
			all.count += c.count
			all.latency = append(all.latency, c.latency...)
			failed = cmp.Or(failed, err) // the others' are no news
		})
	}
	wg.Wait()
	all.took = time.Since(begin)
	slices.Sort(all.latency)
	return all, failed
}

// quantile is the latency that the given share of the answers kept.
func (a answered) quantile(q float64) time.Duration {
	if len(a.latency) == 0 {
		return 0
	}
	return a.latency[int(q*float64(len(a.latency)-1))]
}

// client is one of those who send at once.
type client struct {
	load
	turn  *atomic.Int64 // of the requests, shared
	end   time.Time
	every time.Duration // 0 = as fast as possible
	due   time.Time     // when every says so

	conn    net.Conn
	answers *bufio.Reader
	count   int
	latency []time.Duration
}

func (c *client) run() (err error) {
	defer func() { err = errors.Join(err, c.hangUp()) }()
	var config *tls.Config
	if c.tls != nil {
		config = c.tls()
	}
	c.due = time.Now()
	for ; time.Now().Before(c.end); c.count++ {
		if c.conn == nil {
			if err := c.dial(config); err != nil {
				return err
			}
		}
		from := c.wait()
		if err := c.ask(); err != nil {
			return err
		}
		if c.every > 0 {
			c.latency = append(c.latency, time.Since(from))
		}
		if c.once {
			if err := c.hangUp(); err != nil {
				return err
			}
		}
	}
	return nil
}

// wait sleeps until the next request is due and returns since when it has waited: what
// came due while the last answer was awaited, since then. A client that slept too long
// is no fault of the server.
func (c *client) wait() time.Time {
	if c.every == 0 {
		return time.Time{}
	}
	c.due = c.due.Add(c.every)
	early := time.Until(c.due)
	if early <= 0 {
		return c.due
	}
	time.Sleep(early)
	return time.Now()
}

func (c *client) dial(config *tls.Config) error {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		return err
	}
	if config != nil {
		conn = tls.Client(conn, config)
	}
	c.conn, c.answers = conn, bufio.NewReader(conn)
	return nil
}

func (c *client) hangUp() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// ask sends the next request and reads its answer, which must say how long it is.
func (c *client) ask() error {
	n := c.turn.Add(1)
	if _, err := c.conn.Write(c.requests[int(n)%len(c.requests)]); err != nil {
		return err
	}
	line, err := c.answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	status := string(bytes.TrimSpace(line))
	length := -1
	for len(line) > len("\r\n") {
		if line, err = c.answers.ReadSlice('\n'); err != nil {
			return err
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	switch {
	case length < 0:
		return errors.New("an answer does not say how long it is")
	case !strings.HasPrefix(status, "HTTP/1.1 200 "):
		body := make([]byte, length)
		_, err := io.ReadFull(c.answers, body)
		return errors.Join(fmt.Errorf("%s: %s", status, body), err)
	}
	_, err = c.answers.Discard(length)
	return err
}
