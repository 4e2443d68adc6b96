// SPDX-License-Identifier: Apache-2.0
/* A library whose one working function is named at compile time (-DNAME=...), amid 500 others: its name lies far from
 * both ends of the file. */
#define DUMMY(n)                                                                                                       \
	void some_other_function_of_this_library_number_##n(void)                                                      \
	{                                                                                                              \
	}
#define TEN(n)                                                                                                         \
	DUMMY(n##0)                                                                                                    \
	DUMMY(n##1) DUMMY(n##2) DUMMY(n##3) DUMMY(n##4) DUMMY(n##5) DUMMY(n##6) DUMMY(n##7) DUMMY(n##8) DUMMY(n##9)
#define FIFTY(n) TEN(n##0) TEN(n##1) TEN(n##2) TEN(n##3) TEN(n##4)

/* clang-format off */
FIFTY(1)
FIFTY(2)
FIFTY(3)
FIFTY(4)
FIFTY(5)
/* clang-format on */

void NAME(void);
void NAME(void)
{
	for (volatile int i = 0; i < 20000; i++)
		;
}

/* clang-format off */
FIFTY(6) FIFTY(7) FIFTY(8) FIFTY(9) FIFTY(10)
	/* clang-format on */
