// SPDX-License-Identifier: Apache-2.0
// burn SECONDS: goroutines with maps, JSON, sorting, hashes, garbage, panics and growing stacks.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"
)

//go:noinline
func deep(n int) int {
	var local [16]int
	if n == 0 {
		return len(local)
	}
	local[n%16] = deep(n - 1)
	return local[n%16] + 1
}

//go:noinline
func recovered() (err error) {
	defer func() { err, _ = recover().(error) }()
	var none []int
	return fmt.Errorf("%d", none[len(os.Args)])
}

//go:noinline
func work(round int) int {
	words := map[string][]int{}
	for i := 0; i < 200; i++ {
		key := strconv.Itoa(i * i % 37)
		words[key] = append(words[key], i)
	}
	text, _ := json.Marshal(words)
	json.Unmarshal(text, &words)
	numbers := make([]int, 300)
	for i := range numbers {
		numbers[i] = i * 7919 % 307
	}
	sort.Ints(numbers)
	sum := sha256.Sum256(text)
	if recovered() == nil {
		panic("no error")
	}
	return len(text) + numbers[0] + int(sum[0]) + deep(round%500)
}

func main() {
	seconds := 1.0
	if len(os.Args) > 1 {
		seconds, _ = strconv.ParseFloat(os.Args[1], 64)
	}
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	var done sync.WaitGroup
	for i := 0; i < 8; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for round := 0; time.Now().Before(end); round++ {
				work(round)
			}
		}()
	}
	done.Wait()
}
