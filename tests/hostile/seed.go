// SPDX-License-Identifier: Apache-2.0
// The smallest program that Go makes, with inlined calls, for tests/hostile.
package main

import "os"

func inner(n int) int { return n*n + 1 }

func middle(n int) int { return inner(n) + inner(n+1) }

//go:noinline
func outer(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		sum += middle(i)
	}
	return sum
}

func main() {
	println(outer(len(os.Args)))
}
