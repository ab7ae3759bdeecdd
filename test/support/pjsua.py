"""A PJSIP phone driven by lines of JSON: commands on standard input, events on standard output.

It uses its own host's addresses, like a phone that does not know it is behind NAT: private addresses stay in Contact, Via and SDP.
"""

import json
import sys
import threading

import pjsua2 as pj

options = json.loads(sys.argv[1])
commands = []
lock = threading.Lock()


def tell(event, **details):
    print(json.dumps({"event": event, **details}), flush=True)


class Call(pj.Call):
    def onCallState(self, prm):
        info = self.getInfo()
        tell("call", state=info.stateText, status=info.lastStatusCode, reason=info.lastReason)
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            calls.remove(self)

    def onCallMediaState(self, prm):
        # An object returned by SWIG dies with the object that contains it.
        info = self.getInfo()
        states = [media.status for media in info.media]
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO or self.getMedia(index) is None:
                continue
            if media.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD):
                audio = self.getAudioMedia(index)
                tone.startTransmit(audio)
                audio.startTransmit(recorder)
        tell("media", states=states)

    def onCallTransferRequest(self, prm):
        prm.statusCode = 202
        prm.newCall = another_call()

    def onCallReplaced(self, prm):
        prm.newCall = another_call(prm.newCallId)

    def onCallTransferStatus(self, prm):
        tell("transfer", status=prm.statusCode, final=prm.finalNotify)
        if prm.finalNotify and prm.statusCode // 100 == 2:
            self.hangup(pj.CallOpParam())


def another_call(call_id=pj.PJSUA_INVALID_ID):
    call = Call(account, call_id)
    calls.append(call)
    return call


class Account(pj.Account):
    def onRegState(self, prm):
        tell("registration", status=prm.code)

    def onIncomingCall(self, prm):
        call = Call(self, prm.callId)
        calls.append(call)
        answer = pj.CallOpParam()
        answer.statusCode = options.get("answer", 200)
        call.answer(answer)


def use_codecs(names):
    for codec in endpoint.codecEnum2():
        endpoint.codecSetPriority(codec.codecId, 0)
    for index, codec in enumerate(names):
        endpoint.codecSetPriority(codec, 255 - index)


def run(command):
    name = command["command"]
    if name == "call":
        call = Call(account)
        calls.append(call)
        prm = pj.CallOpParam(True)
        call.makeCall(command["uri"], prm)
    elif name == "hold":
        calls[-1].setHold(pj.CallOpParam(True))
    elif name == "resume":
        prm = pj.CallOpParam(True)
        prm.opt.flag = pj.PJSUA_CALL_UNHOLD
        calls[-1].reinvite(prm)
    elif name == "codecs":
        use_codecs(command["codecs"])
        calls[-1].reinvite(pj.CallOpParam(True))
    elif name == "hangup":
        endpoint.hangupAllCalls()
    elif name == "transfer":
        calls[0].xfer(command["uri"], pj.CallOpParam(True))
    elif name == "join":
        # An attended transfer: the party of one call gets the place in the other.
        calls[command["call"]].xferReplaces(calls[command["other"]], pj.CallOpParam(True))
    elif name == "keys":
        calls[-1].dialDtmf(command["keys"])


def read():
    for line in sys.stdin:
        with lock:
            commands.append(json.loads(line))
    with lock:
        commands.append({"command": "quit"})


endpoint = pj.Endpoint()
endpoint.libCreate()
config = pj.EpConfig()
config.uaConfig.threadCnt = 0
config.uaConfig.mainThreadOnly = True
config.logConfig.level = 4
config.logConfig.consoleLevel = 0
config.logConfig.filename = options["log"]
config.medConfig.noVad = not options.get("vad", False)
endpoint.libInit(config)
transport = pj.TransportConfig()
transport.boundAddress = options["address"]
transport.port = options.get("port", 0)
kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}
endpoint.transportCreate(kinds[options.get("transport", "udp")], transport)
endpoint.libStart()
endpoint.audDevManager().setNullDev()
use_codecs(options["codecs"])

tone = pj.ToneGenerator()
tone.createToneGenerator(16000, 1)
desc = pj.ToneDesc()
desc.freq1 = options["toneHz"]
desc.off_msec = 20 if options.get("pauses") else 0
desc.on_msec = 1000 - desc.off_msec
tones = pj.ToneDescVector()
tones.append(desc)
tone.play(tones, True)
recorder = pj.AudioMediaRecorder()
recorder.createRecorder(options["recording"])

calls = []
account_config = pj.AccountConfig()
account_config.idUri = options["id"]
account_config.regConfig.registrarUri = options["registrar"]
account_config.regConfig.timeoutSec = options.get("expires", 300)
account_config.sipConfig.authCreds.append(
    pj.AuthCredInfo("digest", "*", options["username"], 0, options["password"])
)
account_config.callConfig.prackUse = (
    pj.PJSUA_100REL_MANDATORY if options.get("requirePrack") else pj.PJSUA_100REL_NOT_USED
)
account_config.natConfig.contactRewriteUse = 0
account_config.natConfig.viaRewriteUse = 0
account_config.natConfig.sdpNatRewriteUse = 0
account_config.natConfig.iceEnabled = options.get("ice", False)
account_config.mediaConfig.rtcpMuxEnabled = options.get("ice", False)
account_config.natConfig.udpKaIntervalSec = options.get("keepAliveSeconds", 0)
account_config.mediaConfig.transportConfig.boundAddress = options["address"]
uses = {"optional": pj.PJMEDIA_SRTP_OPTIONAL, "mandatory": pj.PJMEDIA_SRTP_MANDATORY}
account_config.mediaConfig.srtpUse = uses.get(options.get("srtp"), pj.PJMEDIA_SRTP_DISABLED)
account = Account()
account.create(account_config)

threading.Thread(target=read, daemon=True).start()
tell("started")
running = True
while running:
    endpoint.libHandleEvents(20)
    with lock:
        due, commands = commands, []
    for command in due:
        if command["command"] == "quit":
            running = False
        else:
            try:
                run(command)
            except pj.Error as error:
                tell("error", message=error.reason)
endpoint.hangupAllCalls()
calls.clear()
del tone, recorder, account
endpoint.libDestroy()
