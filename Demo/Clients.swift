// SPDX-License-Identifier: Apache-2.0
import Lab
import Packets

/// One TCP and one UDP client, and the server they ask: real sockets in their own namespaces, driven by one thread.
struct Clients {
    let client: Namespace
    let server: Namespace
    let service: IPv4Address

    static let tcpPort: UInt16 = 8080
    static let udpPort: UInt16 = 8053
    static let patience = 2.0

    /// Seconds until each client had its answer; nil: none within `patience`.
    struct Answers {
        var tcp: Double?
        var udp: Double?

        var both: Bool { tcp != nil && udp != nil }
        var none: Bool { tcp == nil && udp == nil }
    }

    /// Both clients ask at once, and wait at most `patience`.
    func ask() throws -> Answers {
        let service = service
        let listener = try server.enter { try Socket(listeningOn: service, Self.tcpPort) }
        let responder = try server.enter { try Socket(boundTo: service, Self.udpPort) }
        let start = monotonicSeconds()
        let tcp = try client.enter { try Socket(connectingTo: service, Self.tcpPort) }
        let udp = try client.enter { try Socket(sendingTo: service, Self.udpPort) }
        udp.send("ping")

        var answers = Answers()
        var accepted: Socket?
        var hasAsked = false
        while !answers.both, monotonicSeconds() - start < Self.patience {
            try stopIfInterrupted()
            Socket.wait(
                toRead: [listener, responder, udp] + [accepted].compactMap { $0 } + (hasAsked ? [tcp] : []),
                toWrite: hasAsked ? [] : [tcp], milliseconds: 100)
            if accepted == nil { accepted = listener.accept() }
            if let accepted, accepted.receive() == "ping" { accepted.send("pong") }
            responder.answer("ping", with: "pong")
            if !hasAsked { hasAsked = tcp.send("ping") }
            if hasAsked, answers.tcp == nil, tcp.receive() == "pong" { answers.tcp = monotonicSeconds() - start }
            if answers.udp == nil, udp.receive() == "pong" { answers.udp = monotonicSeconds() - start }
        }
        return answers
    }
}
