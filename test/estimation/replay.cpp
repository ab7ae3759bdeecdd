// Plays seeded simulated calls against the worker's bandwidth estimation and prints all that it decides: every estimate, every
// probe packet and every event for the transport. Built once from mediasoup's own sources and once from the patched ones, it
// must print the same (replay.long.test.ts).
//
//   replay TRIALS SEED...        prints the decisions with these libwebrtc field trials
//   replay TRIALS --cost SEED... prints the CPU time of the estimator, in nanoseconds a media packet

#define MS_CLASS "replay"

#include "Channel/ChannelSocket.hpp"
#include "Logger.hpp"
#include "system_wrappers/source/field_trial.h"
#include "simulated-call.hpp"
#include <cstdlib>
#include <cstring>

// The worker reads its clock by this function of libuv.
extern "C" uint64_t uv_hrtime(void)
{
	return static_cast<uint64_t>(replay::nowUs) * 1000;
}

// What the estimation logs goes nowhere.
void Channel::ChannelSocket::SendLog(const char* /*data*/, uint32_t /*dataLen*/)
{
}

using namespace replay;

int main(int argc, char* argv[])
{
	// Never constructed: SendLog() above does not look at it.
	alignas(Channel::ChannelSocket) static uint8_t socket[sizeof(Channel::ChannelSocket)];

	Logger::channel = reinterpret_cast<Channel::ChannelSocket*>(socket);

	if (argc < 2)
	{
		return 1;
	}

	webrtc::field_trial::InitFieldTrialsFromString(argv[1]);

	std::vector<uint64_t> seeds;

	for (int i{ 2 }; i < argc; ++i)
	{
		if (std::strcmp(argv[i], "--cost") == 0)
		{
			printing = false;
		}
		else
		{
			seeds.push_back(std::strtoull(argv[i], nullptr, 10));
		}
	}

	for (const auto seed : seeds)
	{
		if (printing)
		{
			std::printf("seed %" PRIu64 "\n", seed);
		}

		Call call(seed);

		call.Run();
	}

	if (!printing)
	{
		const auto packets = static_cast<double>(std::max<int64_t>(mediaPackets, 1));

		std::printf(
		  "{\"packets\":%" PRIi64 ",\"feedback\":%" PRIi64 ",\"timers\":%" PRIi64
		  ",\"sendNs\":%.0f,\"feedbackNs\":%.0f,\"timerNs\":%.0f}\n",
		  mediaPackets,
		  feedbackPackets,
		  timerRuns,
		  static_cast<double>(sendNs) / packets,
		  static_cast<double>(feedbackNs) / packets,
		  static_cast<double>(timerNs) / packets);
	}

	return 0;
}
