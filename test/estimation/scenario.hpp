#pragma once

#include "random.hpp"
#include <cstdint>

namespace replay
{
	// What happens in a call, drawn from its seed.
	struct Scenario
	{
		explicit Scenario(uint64_t seed) : random(seed)
		{
			// Times do not start at zero on any machine.
			this->startUs           = this->random.Between(1'000'000, 5'000'000'000);
			this->initialBitrate    = this->random.Between(1, 10) * 100'000;
			this->maxBitrate        = this->random.Chance(40) ? this->random.Between(5, 60) * 100'000 : 0;
			this->minBitrate        = this->random.Chance(20) ? this->random.Between(1, 4) * 50'000 : 0;
			this->delayUs           = this->random.Between(1, 150) * 1000;
			this->queueUs           = this->random.Between(30, 800) * 1000;
			this->jitterUs          = this->random.Chance(50) ? this->random.Between(0, 15'000) : 0;
			this->lossPercent       = this->random.Chance(50) ? this->random.Between(0, 15) : 0;
			this->feedbackUs        = this->random.Between(20, 250) * 1000;
			this->feedbackLoss      = this->random.Chance(30) ? this->random.Between(1, 30) : 0;
			this->feedbackJitterUs  = this->random.Chance(30) ? this->random.Between(0, 200'000) : 0;
			this->driftPpm          = this->random.Between(-100, 100);
			this->hostile           = this->random.Chance(15);
			this->firstSequence     = static_cast<uint16_t>(this->random.Chance(50) ? 0 : this->random.Next());
			this->lengthUs          = this->random.Between(20, 100) * 1'000'000;
		}

		Random random;
		int64_t startUs;
		int64_t initialBitrate;
		int64_t maxBitrate;
		int64_t minBitrate;
		int64_t delayUs;
		int64_t queueUs;
		int64_t jitterUs;
		int64_t lossPercent;
		int64_t feedbackUs;
		int64_t feedbackLoss;
		int64_t feedbackJitterUs;
		int64_t driftPpm;
		bool hostile;
		uint16_t firstSequence;
		int64_t lengthUs;
	};
} // namespace replay
