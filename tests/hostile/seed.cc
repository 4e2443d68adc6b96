// SPDX-License-Identifier: Apache-2.0
// Templates, namespaces, specifications and lambdas, for tests/hostile.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace seed {
template <typename T> struct Holder {
	std::vector<T> all;
	void add(const T &value);
	template <typename F> int each(F f) const
	{
		int sum = 0;
		for (const auto &v : all)
			sum += f(v);
		return sum;
	}
};

template <typename T> void Holder<T>::add(const T &value)
{
	all.push_back(value);
	std::sort(all.begin(), all.end());
}

namespace {
struct Hidden {
	virtual ~Hidden() = default;
	virtual int weigh(const std::string &s) const { return static_cast<int>(s.size()); }
};
} // namespace

int weigh(const std::map<std::string, int> &words)
{
	Holder<std::string> h;
	Hidden hidden;

	for (const auto &[word, n] : words)
		for (int i = 0; i < n; i++)
			h.add(word);
	return h.each([&](const std::string &s) { return hidden.weigh(s); });
}
} // namespace seed

extern "C" int seed_outer(int n)
{
	seed::Holder<int> h;

	for (int i = 0; i < n; i++)
		h.add(i ^ n);
	return seed::weigh({ { "one", n }, { "two", 2 } }) + h.each([](int i) { return i * 2; });
}
