// Command redis serves an in-memory Redis (miniredis, as Argo CD's own tests use it) on a free port of
// 127.0.0.1, and writes its address into a file once it listens. To Argo CD, Redis is a cache.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// miniredis expires keys only when it is told that time has passed.
const tick = time.Second

func main() {
	addressFile := flag.String("address-file", "", "`file` that is told the address, as HOST:PORT")
	flag.Parse()
	if err := serve(*addressFile); err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}

func serve(addressFile string) error {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return err
	}
	defer server.Close()
	// Renamed into place, so that nobody reads half of it.
	if err := os.WriteFile(addressFile+".unfinished", []byte(server.Addr()), 0o600); err != nil {
		return err
	}
	if err := os.Rename(addressFile+".unfinished", addressFile); err != nil {
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			server.FastForward(tick)
		case <-ended:
			return nil
		}
	}
}
