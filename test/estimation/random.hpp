#pragma once

#include <cstdint>

namespace replay
{
	// SplitMix64: the same numbers from the same seed everywhere.
	class Random
	{
	public:
		explicit Random(uint64_t seed) : state(seed)
		{
		}

		uint64_t Next()
		{
			this->state += 0x9E3779B97F4A7C15;

			uint64_t mixed = this->state;

			mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
			mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;

			return mixed ^ (mixed >> 31);
		}

		int64_t Between(int64_t low, int64_t high)
		{
			return low + static_cast<int64_t>(Next() % static_cast<uint64_t>(high - low + 1));
		}

		bool Chance(int64_t percent)
		{
			return Between(0, 99) < percent;
		}

	private:
		uint64_t state;
	};
} // namespace replay
