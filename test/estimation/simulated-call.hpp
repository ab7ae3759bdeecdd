#pragma once

#include "cost.hpp"
#include "random.hpp"
#include "RTC/RTCP/FeedbackRtpTransport.hpp"
#include "RTC/TransportCongestionControlClient.hpp"
#include "scenario.hpp"
#include "virtual-time.hpp"
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <vector>

namespace replay
{
	inline bool printing{ true };

	// One sender whose packets pass a bottleneck, and a receiver that reports about them.
	class Call : public RTC::TransportCongestionControlClient::Listener
	{
	public:
		explicit Call(uint64_t seed) : scenario(seed), random(seed ^ 0x5DEECE66D)
		{
			nowUs                = this->scenario.startUs;
			this->endUs          = nowUs + this->scenario.lengthUs;
			this->sequence       = this->scenario.firstSequence;
			this->capacityBps    = this->random.Between(1, 80) * 100'000;
			this->desiredBitrate = this->random.Between(1, 60) * 100'000;

			this->client = std::make_shared<RTC::TransportCongestionControlClient>(
			  this,
			  &this->shared,
			  RTC::BweType::TRANSPORT_CC,
			  /*absoluteMinOutgoingBitrate*/ 30'000,
			  this->scenario.initialBitrate,
			  this->scenario.maxBitrate,
			  this->scenario.minBitrate);
			this->client->TransportConnected();
			this->client->SetDesiredBitrate(this->desiredBitrate, /*force*/ true);

			Note("connected", this->scenario.initialBitrate);
			After(0, [this]() { Frame(); });
			After(this->scenario.feedbackUs, [this]() { MakeFeedback(); });
			After(this->random.Between(1, 8) * 1'000'000, [this]() { Change(); });
		}

		void Run()
		{
			while (!events.empty() && events.top().atUs <= this->endUs)
			{
				const auto event = events.top();

				events.pop();
				nowUs = std::max(nowUs, event.atUs);
				event.run();
				NoteEstimate();
			}

			this->client.reset();
			events = {};
		}

		void OnTransportCongestionControlClientBitrates(
		  RTC::TransportCongestionControlClient* /*tccClient*/,
		  RTC::TransportCongestionControlClient::Bitrates& bitrates) override
		{
			Note("event", bitrates.availableBitrate, bitrates.maxPaddingBitrate, bitrates.effectiveDesiredBitrate);
		}

		void OnTransportCongestionControlClientSendRtpPacket(
		  RTC::TransportCongestionControlClient* /*tccClient*/,
		  RTC::RTP::Packet* packet,
		  const webrtc::PacedPacketInfo& pacingInfo) override
		{
			Note("probe", pacingInfo.probe_cluster_id, pacingInfo.send_bitrate_bps, packet->GetLength());
			Send(packet->GetLength(), /*isProbe*/ true, pacingInfo);
		}

	private:
		struct Arrival
		{
			uint16_t sequence;
			int64_t atUs;
		};

		void Note(const char* what, int64_t a = 0, int64_t b = 0, int64_t c = 0)
		{
			if (printing)
			{
				std::printf(
				  "%" PRIi64 " %s %" PRIi64 " %" PRIi64 " %" PRIi64 "\n",
				  nowUs - this->scenario.startUs,
				  what,
				  a,
				  b,
				  c);
			}
		}

		void NoteEstimate()
		{
			const auto available = this->client->GetAvailableBitrate();
			const auto lossPpm   = static_cast<int64_t>(this->client->GetPacketLoss() * 1e6);

			if (available != this->lastAvailable || lossPpm != this->lastLossPpm)
			{
				this->lastAvailable = available;
				this->lastLossPpm   = lossPpm;

				Note("estimate", available, lossPpm);
			}
		}

		// As Transport::OnConsumerSendRtpPacket().
		void Send(size_t length, bool isProbe, const webrtc::PacedPacketInfo& probe)
		{
			webrtc::RtpPacketSendInfo packetInfo;

			this->sequence++;

			{
				const Stopwatch stopwatch(isProbe ? timerNs : sendNs);

				packetInfo.ssrc                      = isProbe ? 1234 : 99;
				packetInfo.transport_sequence_number = this->sequence;
				packetInfo.has_rtp_sequence_number   = true;
				packetInfo.rtp_sequence_number       = this->sequence;
				packetInfo.length                    = length;
				packetInfo.pacing_info               = isProbe ? probe : this->client->GetPacingInfo();

				this->client->InsertPacket(packetInfo);
			}

			// Some packets never leave the socket, and some leave it late or twice.
			if (this->random.Between(0, 9999) < 5)
			{
				return;
			}

			if (this->random.Between(0, 9999) < 5)
			{
				After(this->random.Between(1, 40'000), [this, packetInfo]() { Left(packetInfo); });

				return;
			}

			Left(packetInfo);

			if (this->random.Between(0, 9999) < 2)
			{
				Left(packetInfo);
			}
		}

		void Left(const webrtc::RtpPacketSendInfo& packetInfo)
		{
			{
				const Stopwatch stopwatch(sendNs);

				this->client->PacketSent(packetInfo, nowUs);
			}

			const auto bits = static_cast<int64_t>(packetInfo.length + 40) * 8;

			this->linkFreeUs = std::max(this->linkFreeUs, nowUs);

			if (this->linkFreeUs - nowUs > this->scenario.queueUs || this->random.Chance(this->scenario.lossPercent))
			{
				return;
			}

			this->linkFreeUs += bits * 1'000'000 / this->capacityBps;

			const auto arrivesUs =
			  this->linkFreeUs + this->scenario.delayUs +
			  (this->scenario.jitterUs > 0 ? this->random.Between(0, this->scenario.jitterUs) : 0);
			const auto sequence = packetInfo.transport_sequence_number;

			After(
			  arrivesUs - nowUs,
			  [this, sequence]()
			  {
				  const auto elapsedUs = nowUs - this->scenario.startUs;

				  this->arrivals.push_back(
				    { sequence, elapsedUs + (elapsedUs * this->scenario.driftPpm / 1'000'000) + 77'000'000 });
			  });
		}

		void Frame()
		{
			// A publisher whose layers follow the estimate, up to what the room wants.
			const auto target = std::min(this->desiredBitrate, this->client->GetAvailableBitrate());

			if (!this->paused)
			{
				auto bytes = std::max<int64_t>(target * this->random.Between(60, 140) / 100 / 8 / 30, 60);

				while (bytes > 0)
				{
					const auto length = std::min<int64_t>(bytes, this->random.Between(1100, 1200));

					mediaPackets++;
					Send(static_cast<size_t>(length), /*isProbe*/ false, {});
					bytes -= length;
				}
			}

			After(33'333, [this]() { Frame(); });
		}

		void MakeFeedback()
		{
			After(this->scenario.feedbackUs, [this]() { MakeFeedback(); });

			if (this->arrivals.empty())
			{
				return;
			}

			auto arrivals = std::move(this->arrivals);

			this->arrivals.clear();

			// A receiver reports by sequence number, what came late in another report.
			std::stable_sort(
			  arrivals.begin(),
			  arrivals.end(),
			  [](const Arrival& a, const Arrival& b) { return static_cast<int16_t>(a.sequence - b.sequence) < 0; });

			size_t next{ 0 };

			while (next < arrivals.size())
			{
				RTC::RTCP::FeedbackRtpTransportPacket packet(1, 99);

				// Reports also what was lost since the last report.
				auto base = arrivals[next].sequence;

				if (this->reported && static_cast<uint16_t>(base - this->nextSequence) < 200)
				{
					base = this->nextSequence;
				}

				if (this->scenario.hostile && this->random.Chance(5))
				{
					base = static_cast<uint16_t>(this->random.Next());
				}

				packet.SetBase(base, arrivals[next].atUs);
				packet.SetFeedbackPacketCount(this->feedbackCount++);

				while (next < arrivals.size())
				{
					const auto result = packet.AddPacket(arrivals[next].sequence, arrivals[next].atUs, 1200);

					if (result != RTC::RTCP::FeedbackRtpTransportPacket::AddPacketResult::SUCCESS)
					{
						break;
					}

					this->nextSequence = arrivals[next].sequence + 1;
					next++;
				}

				packet.Finish();
				this->reported = true;

				if (!packet.IsSerializable())
				{
					// Too far from the base: give the packet up.
					next++;

					continue;
				}

				auto data      = std::make_shared<std::vector<uint8_t>>(packet.GetSize() + 4);
				const auto len = packet.Serialize(data->data());

				data->resize(len);

				if (this->scenario.hostile && this->random.Chance(3))
				{
					// Keeps the header of RTCP and spoils the rest.
					for (auto changes = this->random.Between(1, 4); changes > 0; --changes)
					{
						(*data)[this->random.Between(12, static_cast<int64_t>(len) - 1)] =
						  static_cast<uint8_t>(this->random.Next());
					}
				}

				for (auto copies = this->random.Between(0, 999) < 3 ? 2 : 1; copies > 0; --copies)
				{
					if (this->random.Chance(this->scenario.feedbackLoss))
					{
						continue;
					}

					After(
					  this->scenario.delayUs + this->random.Between(0, this->scenario.feedbackJitterUs),
					  [this, data]() { Receive(*data); });
				}
			}
		}

		void Receive(const std::vector<uint8_t>& data)
		{
			const Stopwatch stopwatch(feedbackNs);

			std::unique_ptr<RTC::RTCP::FeedbackRtpTransportPacket> feedback(
			  RTC::RTCP::FeedbackRtpTransportPacket::Parse(data.data(), data.size()));

			if (feedback)
			{
				feedbackPackets++;
				this->client->ReceiveRtcpTransportFeedback(feedback.get());
			}
		}

		void Change()
		{
			switch (this->random.Between(0, 9))
			{
				case 0:
				case 1:
				case 2:
				{
					this->capacityBps = this->random.Between(1, 80) * 100'000;

					break;
				}

				case 3:
				case 4:
				{
					this->desiredBitrate = this->random.Between(0, 60) * 100'000;
					this->client->SetDesiredBitrate(this->desiredBitrate, this->random.Chance(50));

					break;
				}

				case 5:
				{
					this->paused = !this->paused;

					break;
				}

				case 6:
				{
					this->client->SetMaxOutgoingBitrate(
					  this->random.Chance(50) ? 0 : this->random.Between(2, 50) * 100'000);

					break;
				}

				case 7:
				{
					this->client->SetMinOutgoingBitrate(
					  this->random.Chance(70) ? 0 : this->random.Between(1, 3) * 50'000);

					break;
				}

				case 8:
				{
					this->client->TransportDisconnected();
					After(
					  this->random.Between(0, 70) * (this->random.Chance(20) ? 1'000'000 : 10'000),
					  [this]() { this->client->TransportConnected(); });

					break;
				}

				default:
				{
					this->client->RescheduleNextAvailableBitrateEvent();

					break;
				}
			}

			After(this->random.Between(200, 9'000) * 1000, [this]() { Change(); });
		}

	private:
		Scenario scenario;
		Random random;
		Shared shared;
		std::shared_ptr<RTC::TransportCongestionControlClient> client;
		std::vector<Arrival> arrivals;
		int64_t endUs{ 0 };
		int64_t capacityBps{ 0 };
		int64_t desiredBitrate{ 0 };
		int64_t linkFreeUs{ 0 };
		int64_t lastAvailable{ -1 };
		int64_t lastLossPpm{ -1 };
		uint16_t sequence{ 0 };
		uint16_t nextSequence{ 0 };
		uint8_t feedbackCount{ 0 };
		bool reported{ false };
		bool paused{ false };
	};
} // namespace replay
