// SPDX-License-Identifier: Apache-2.0
// Templates over templates over templates: what a compiler makes of Eigen, JSON and fmt at -O3 has inlined calls 20 deep.
#include <Eigen/Dense>
#include <algorithm>
#include <fmt/format.h>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <regex>
#include <string>
#include <vector>

using Matrix = Eigen::MatrixXd;

static Matrix solve(int n)
{
	Matrix a = Matrix::Random(n, n) + n * Matrix::Identity(n, n), b = Matrix::Random(n, 3);
	Matrix x = a.colPivHouseholderQr().solve(b) + a.partialPivLu().solve(b);

	return x.transpose() * a * x + (a * x - b).cwiseAbs2().colwise().sum().asDiagonal().toDenseMatrix();
}

static nlohmann::json describe(const Matrix &m)
{
	nlohmann::json j;

	for (int i = 0; i < m.rows(); i++)
		for (int k = 0; k < m.cols(); k++)
			j["rows"][std::to_string(i)].push_back(m(i, k));
	j["norm"] = m.norm();
	return j;
}

static std::map<std::string, int> words(const std::string &text)
{
	static const std::regex word("[a-z]+|[0-9]+(\\.[0-9]+)?");
	std::map<std::string, int> counts;

	for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it)
		counts[it->str()]++;
	return counts;
}

int main(int argc, char **argv)
{
	const auto text = describe(solve(argc + 8)).dump(2);
	const auto parsed = nlohmann::json::parse(text);
	std::vector<std::pair<int, std::string>> order;

	for (const auto &[word, n] : words(text))
		order.emplace_back(n, word);
	std::stable_sort(order.rbegin(), order.rend());
	const int sum = std::accumulate(order.begin(), order.end(), 0, [](int s, const auto &p) { return s + p.first; });
	for (const auto &p : order)
		std::cout << fmt::format("{:>8} {:<20} {:.3f}\n", p.first, p.second, p.first / double(sum));
	std::cout << parsed.at("norm") << '\n';
	return 0;
}
