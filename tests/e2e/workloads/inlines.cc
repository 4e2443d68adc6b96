// SPDX-License-Identifier: Apache-2.0
// Calls that are inlined at several depths, in namespaces and templates: for symbolize.
#include <cstdlib>

#define INLINE inline __attribute__((always_inline))

namespace outer
{
template <typename T> INLINE T innermost(T x)
{
	return x * 3 + (x >> 1);
}

struct Shape {
	int side;
	INLINE int area(int scale) const
	{
		return innermost(side * scale) ^ innermost(scale + 7);
	}
	__attribute__((noinline)) long sum(int n) const;
};

long Shape::sum(int n) const
{
	long total = 0;

	for (int i = 0; i < n; i++)
		total += area(i);
	return total;
}
} // namespace outer

extern "C" __attribute__((noinline)) long plain_function(int n)
{
	outer::Shape shape{ n };

	return shape.sum(n) + shape.area(n);
}

int main(int argc, char **argv)
{
	return plain_function(argc > 1 ? atoi(argv[1]) : 3) == 42;
}
