// Connections through a gateway, on the load library of vegeta: some new ones each second, and some
// that are held and send something each second, so that a cut is seen at once.
//
// Prints a JSON line for each failure, for each second, and for the end. Ends after -seconds, or
// with its standard input.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Ports are taken one after another, and later runs begin where this one will have come to: the kernel
// would soon take one of a connection that has stalled, which a load balancer has not forgotten.
const (
	firstPort = 10000
	ports     = 55000
	perSecond = 300
)

// A first packet that was lost is sent again after a second.
const slow = 900 * time.Millisecond

var nextPort atomic.Uint64

// line is what is printed; times are milliseconds since 1970.
type line struct {
	// new: a new connection failed. cut: a held one did, after it had worked. again: a held one
	// that was cut could not be opened anew. count: sums so far. end: sums of the whole run.
	Kind       string `json:"kind"`
	At         int64  `json:"at"`
	Target     string `json:"target,omitempty"`
	Connection int    `json:"connection,omitempty"`
	Error      string `json:"error,omitempty"`
	Sums       *sums  `json:"sums,omitempty"`
}

type sums struct {
	New       int `json:"new"`
	NewFailed int `json:"newFailed"`
	// Of those that were answered, later than slow.
	Slow  int `json:"slow"`
	Beats int `json:"beats"`
	Cut   int `json:"cut"`
	Again int `json:"again"`
	// Held connections that work now, and those that have ended as planned.
	Held  int `json:"held"`
	Ended int `json:"ended"`
}

type settings struct {
	targets       []string
	source        net.IP
	rate, hold    int
	short         int
	shortLife     time.Duration
	wait, longest time.Duration
}

// load counts and prints; one result at a time.
type load struct {
	mutex sync.Mutex
	sums  sums
	out   *json.Encoder
}

func (l *load) say(kind, target string, connection int, at time.Time, text string) {
	_ = l.out.Encode(line{kind, at.UnixMilli(), target, connection, text, nil})
}

func (l *load) count(kind string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := l.sums
	_ = l.out.Encode(line{Kind: kind, At: time.Now().UnixMilli(), Sums: &now})
}

// transport opens connections from one address, and gives up waiting for them.
func transport(s settings, held bool) *http.Transport {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		for {
			port := firstPort + int(nextPort.Add(1)%ports)
			from := &net.TCPAddr{IP: s.source, Port: port}
			dialer := net.Dialer{Timeout: s.wait, KeepAlive: -1, LocalAddr: from}
			wire, err := dialer.DialContext(ctx, network, address)
			if !errors.Is(err, syscall.EADDRINUSE) {
				return wire, err
			}
		}
	}
	made := &http.Transport{DialContext: dial, DisableKeepAlives: !held}
	if held {
		made.MaxConnsPerHost, made.MaxIdleConnsPerHost = 1, 1
	}
	return made
}

// client waits a little longer than its connection does: which of the two failed is then known.
func (s settings) client(wire *http.Transport) *http.Client {
	return &http.Client{Transport: wire, Timeout: s.wait + 100*time.Millisecond}
}

func attack(ctx context.Context, s settings, client *http.Client, rate, workers int, life time.Duration,
	target vegeta.Target, each func(*vegeta.Result)) {
	attacker := vegeta.NewAttacker(vegeta.Client(client), vegeta.Workers(uint64(workers)),
		vegeta.MaxWorkers(uint64(workers)))
	stop := context.AfterFunc(ctx, func() { attacker.Stop() })
	defer stop()
	for result := range attacker.Attack(vegeta.NewStaticTargeter(target), vegeta.Rate{Freq: rate, Per: time.Second}, life, "") {
		if ctx.Err() == nil {
			each(result)
		}
	}
}

// open opens new connections at a steady rate, whatever becomes of earlier ones.
func (l *load) open(ctx context.Context, s settings, target string, rate int) {
	client := s.client(transport(s, false))
	// As many as may be waiting at a time.
	workers := rate*int(s.wait/time.Second+1) + 1
	attack(ctx, s, client, rate, workers, s.longest, vegeta.Target{Method: "GET", URL: target}, func(r *vegeta.Result) {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.sums.New++
		if text := failure(r); text == "" && r.Latency > slow {
			l.sums.Slow++
		} else if text != "" {
			l.sums.NewFailed++
			l.say("new", target, 0, r.Timestamp, text)
		}
	})
}

// hold keeps one connection open. A POST is never sent a second time behind our back.
func (l *load) hold(ctx context.Context, s settings, target string, connection int, life time.Duration) {
	wire := transport(s, true)
	client := s.client(wire)
	works, before := false, false
	request := vegeta.Target{Method: "POST", URL: target, Body: []byte("beat")}
	attack(ctx, s, client, 1, 1, life, request, func(r *vegeta.Result) {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.sums.Beats++
		text := failure(r)
		switch {
		case text == "" && !works:
			works, before = true, true
			l.sums.Held++
		case text != "" && works:
			works = false
			l.sums.Held--
			l.sums.Cut++
			l.say("cut", target, connection, r.Timestamp, text)
		case text != "" && before:
			l.sums.Again++
			l.say("again", target, connection, r.Timestamp, text)
		case text != "":
			l.sums.New++
			l.sums.NewFailed++
			l.say("new", target, connection, r.Timestamp, text)
		}
	})
	if works && ctx.Err() == nil {
		l.mutex.Lock()
		l.sums.Held--
		l.sums.Ended++
		l.mutex.Unlock()
	}
	wire.CloseIdleConnections()
}

func failure(r *vegeta.Result) string {
	if r.Error == "" && r.Code != http.StatusOK {
		return http.StatusText(int(r.Code))
	}
	return r.Error
}

func (l *load) work(ctx context.Context, s settings) {
	var all sync.WaitGroup
	for i, target := range s.targets {
		rate := s.rate / len(s.targets)
		if i < s.rate%len(s.targets) {
			rate++
		}
		if rate > 0 {
			all.Add(1)
			go func() {
				defer all.Done()
				l.open(ctx, s, target, rate)
			}()
		}
	}
	for i := range s.hold {
		life := s.longest
		if i < s.short {
			life = s.shortLife
		}
		all.Add(1)
		go func() {
			defer all.Done()
			// Beats are spread over the second.
			select {
			case <-time.After(time.Second * time.Duration(i) / time.Duration(s.hold)):
				l.hold(ctx, s, s.targets[i%len(s.targets)], i+1, life)
			case <-ctx.Done():
			}
		}()
	}
	all.Wait()
}

func main() {
	var s settings
	targets := flag.String("targets", "", "URLs, separated by commas")
	source := flag.String("source", "", "address of this host to connect from")
	flag.IntVar(&s.rate, "rate", 0, "new connections a second, over all targets")
	flag.IntVar(&s.hold, "hold", 0, "held connections, over all targets")
	flag.IntVar(&s.short, "short", 0, "how many of those end by themselves")
	life := flag.Float64("short-life", 0, "seconds until they do")
	wait := flag.Float64("wait", 2, "seconds until an attempt has failed")
	longest := flag.Float64("seconds", 60, "length of the run")
	flag.Parse()
	s.targets = strings.Split(*targets, ",")
	s.source = net.ParseIP(*source)
	s.shortLife, s.wait, s.longest = seconds(*life), seconds(*wait), seconds(*longest)

	ctx, cancel := context.WithTimeout(context.Background(), s.longest)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	nextPort.Store(uint64(time.Now().Unix()) * perSecond)
	l := &load{out: json.NewEncoder(os.Stdout)}
	done := make(chan struct{})
	go func() {
		l.work(ctx, s)
		close(done)
	}()
	for {
		select {
		case <-time.After(time.Second):
			l.count("count")
		case <-done:
			l.count("end")
			return
		case <-ctx.Done():
			// An attempt that is under way then is neither a success nor a failure.
			l.count("end")
			return
		}
	}
}

func seconds(number float64) time.Duration {
	return time.Duration(number * float64(time.Second))
}
