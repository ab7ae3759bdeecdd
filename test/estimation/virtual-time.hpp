#pragma once

#include "cost.hpp"
#include "SharedInterface.hpp"
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace replay
{
	// Only events move it.
	inline int64_t nowUs{ 0 };

	class Event
	{
	public:
		int64_t atUs;
		uint64_t order;
		std::function<void()> run;

		bool operator<(const Event& other) const
		{
			return this->atUs != other.atUs ? this->atUs > other.atUs : this->order > other.order;
		}
	};

	inline std::priority_queue<Event> events;
	inline uint64_t eventsAdded{ 0 };

	inline void After(int64_t delayUs, std::function<void()> run)
	{
		events.push({ nowUs + delayUs, eventsAdded++, std::move(run) });
	}

	// Fires like libuv's timers, which count whole milliseconds.
	class Timer : public TimerHandleInterface
	{
	public:
		explicit Timer(TimerHandleInterface::Listener* listener)
		  : listener(listener), alive(std::make_shared<bool>(true))
		{
		}

		~Timer() override
		{
			*this->alive = false;
		}

		void Start(int64_t timeoutMs, int64_t repeatMs = 0) override
		{
			this->timeoutMs = timeoutMs;
			this->repeatMs  = repeatMs;
			this->active    = true;

			const auto generation = ++this->generation;
			const auto alive      = this->alive;
			const auto dueUs      = ((nowUs / 1000) + timeoutMs) * 1000;

			After(
			  std::max<int64_t>(dueUs - nowUs, 0),
			  [this, alive, generation]()
			  {
				  if (!*alive || generation != this->generation)
				  {
					  return;
				  }

				  this->active = false;

				  if (this->repeatMs > 0)
				  {
					  Start(this->repeatMs, this->repeatMs);
				  }

				  timerRuns++;

				  const Stopwatch stopwatch(timerNs);

				  this->listener->OnTimer(this);
			  });
		}

		void Stop() override
		{
			this->generation++;
			this->active = false;
		}

		void Restart() override
		{
			Start(this->timeoutMs, this->repeatMs);
		}

		void Restart(int64_t timeoutMs, int64_t repeatMs = 0) override
		{
			Start(timeoutMs, repeatMs);
		}

		int64_t GetTimeoutMs() const override
		{
			return this->timeoutMs;
		}

		int64_t GetRepeatMs() const override
		{
			return this->repeatMs;
		}

		bool IsActive() const override
		{
			return this->active;
		}

		const std::string GetLabel() const override
		{
			return "replay";
		}

	private:
		TimerHandleInterface::Listener* listener;
		std::shared_ptr<bool> alive;
		uint64_t generation{ 0 };
		int64_t timeoutMs{ 0 };
		int64_t repeatMs{ 0 };
		bool active{ false };
	};

	class Shared : public SharedInterface
	{
	public:
		Channel::ChannelMessageRegistratorInterface* GetChannelMessageRegistrator() override
		{
			return nullptr;
		}

		Channel::ChannelNotifier* GetChannelNotifier() override
		{
			return nullptr;
		}

		TimerHandleInterface* CreateTimer(
		  TimerHandleInterface::Listener* listener, std::string /*label*/) override
		{
			return new Timer(listener);
		}

		BackoffTimerHandleInterface* CreateBackoffTimer(
		  const BackoffTimerHandleInterface::BackoffTimerHandleOptions& /*options*/) override
		{
			return nullptr;
		}

		int64_t GetTimeMs() override
		{
			return nowUs / 1000;
		}

		int64_t GetTimeUs() override
		{
			return nowUs;
		}

		int64_t GetNtpOffsetUs() override
		{
			return 0;
		}
	};
} // namespace replay
