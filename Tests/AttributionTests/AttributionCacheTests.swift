// SPDX-License-Identifier: Apache-2.0
import Attribution
import Drops
import ModelLab
import Packets
import Testing

@Suite struct AttributionCacheTests {
    @Test func packetsThatLookTheSameToRoutingAreJudgedOnce() {
        let lab = lab()
        var cache = AttributionCache()
        cache.remember(lab.judge(), of: lab.drop())
        var next = lab.drop(time: 900)
        next.packet.identification = 7
        next.packet.length = 1_400
        next.packet.timeToLive = 3
        #expect(cache.attribution(of: next) == lab.judge())
        #expect(cache.attribution(of: lab.drop(mark: 1)) == nil)
        #expect(cache.attribution(of: lab.drop(from: Lab.local)) == nil)
    }

    @Test func aRacedJudgementIsNotHandedOn() throws {
        let lab = lab()
        var raced = lab.judge()
        raced.inferredFrom = InferenceSource(snapshotTime: try #require(raced.inferredFrom).snapshotTime, raced: true)
        var cache = AttributionCache()
        cache.remember(raced, of: lab.drop())
        #expect(cache.attribution(of: lab.drop()) == nil)
    }
}
