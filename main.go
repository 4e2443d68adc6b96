package main

import (
	"context"
	"os"
	"runtime/pprof"
	"syscall"
)

var sink uint64

// Until the process has used so much CPU time, however busy the machine is.
//
//go:noinline
func burn(ms int64) {
	for used := int64(0); used < ms; {
		for i := uint64(0); i < 10000; i++ {
			sink += i * i
		}
		var usage syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		used = usage.Utime.Sec*1000 + usage.Utime.Usec/1000
	}
}

func main() {
	cpu, _ := os.Create(os.Args[1])
	pprof.StartCPUProfile(cpu)
	pprof.Do(context.Background(), pprof.Labels("job", "burn"), func(context.Context) {
		burn(400)
	})
	pprof.StopCPUProfile()
	cpu.Close()
	heap, _ := os.Create(os.Args[2])
	pprof.WriteHeapProfile(heap)
	heap.Close()
}
