// SPDX-License-Identifier: Apache-2.0
import Packets
package import SystemPackage

/// Something the host did not let us do. The description is one sentence: what failed, on what, why, what helps.
package struct HostError: Error, Hashable, Sendable {
    /// What a caller decides by; the exit code follows from it.
    package enum Kind: Hashable, Sendable {
        /// EPERM, EACCES: a capability is missing.
        case notPermitted
        /// No such namespace, file, process or interface.
        case notFound
        /// It was there and is not any more.
        case gone
        /// The argument can never work.
        case invalid
        /// This kernel or this machine does not have it.
        case unsupported
        /// The reader of our output went away.
        case closedPipe
        case timedOut
        /// Somebody else is at it.
        case busy
        case failed
    }

    package var kind: Kind
    /// What was tried, after "cannot": `enter the network namespace`.
    package var action: String
    /// On what; already safe for a terminal.
    package var subject: String
    package var errno: Errno?
    /// Why, where an errno does not say it.
    package var reason: String?
    /// What the user can do, as an imperative.
    package var remedy: String?

    /// An error without errno. `subject` may hold untrusted text: it is made safe here.
    package init(
        _ kind: Kind, cannot action: String, _ subject: String = "", reason: String? = nil, remedy: String? = nil
    ) {
        self.kind = kind
        self.action = action
        self.subject = terminalSafe(subject)
        self.reason = reason
        self.remedy = remedy
    }

    /// An error from a system call; the kind and, when none is given, the remedy follow from the errno.
    package init(errno: Errno, cannot action: String, _ subject: String = "", remedy: String? = nil) {
        self.kind = Self.kind(of: errno)
        self.action = action
        self.subject = terminalSafe(subject)
        self.errno = errno
        self.remedy = remedy ?? Self.remedy(for: errno)
    }

    private static func kind(of errno: Errno) -> Kind {
        switch errno {
        case .notPermitted, .permissionDenied: .notPermitted
        case .noSuchFileOrDirectory, .noSuchProcess, .noSuchAddressOrDevice, .operationNotSupportedByDevice: .notFound
        case .brokenPipe: .closedPipe
        default: .failed
        }
    }

    private static func remedy(for errno: Errno) -> String? {
        switch errno {
        case .notPermitted, .permissionDenied: "run it as root"
        case .tooManyOpenFiles: "raise the limit of open files (ulimit -n)"
        case .noSpace: "free some space"
        default: nil
        }
    }
}

extension HostError: CustomStringConvertible {
    package var description: String {
        var text = "cannot \(action)"
        if !subject.isEmpty { text += " \(subject)" }
        if let why = reason ?? errno?.description { text += ": \(why)" }
        if let remedy { text += "; \(remedy)" }
        return text
    }
}
