#pragma once

#include <chrono>
#include <cstdint>

namespace replay
{
	// CPU time spent in the estimator, by who calls it.
	class Stopwatch
	{
	public:
		explicit Stopwatch(int64_t& total) : total(total), begun(Read())
		{
		}

		~Stopwatch()
		{
			const auto ns = Read() - this->begun;

			// Else another process ran meanwhile.
			if (ns < 20'000)
			{
				this->total += ns;
			}
		}

	private:
		static int64_t Read()
		{
			return std::chrono::duration_cast<std::chrono::nanoseconds>(
			         std::chrono::steady_clock::now().time_since_epoch())
			  .count();
		}

	private:
		int64_t& total;
		int64_t begun;
	};

	inline int64_t sendNs{ 0 };
	inline int64_t feedbackNs{ 0 };
	inline int64_t timerNs{ 0 };
	inline int64_t mediaPackets{ 0 };
	inline int64_t feedbackPackets{ 0 };
	inline int64_t timerRuns{ 0 };
} // namespace replay
