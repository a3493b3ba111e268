// SPDX-License-Identifier: Apache-2.0
import Glibc
import SystemPackage

/// The place where a trial of a fix says what it changes, so that it can be undone whatever happens to its processes; and
/// the lock that keeps two trials apart.
///
/// In $RUNTIME_DIRECTORY, as systemd sets it for services, else in /run/rpfwatch: gone at the next boot, as is all that
/// it tells about.
package struct TrialFile: ~Copyable {
    private let lock: Descriptor
    private let path: String

    /// Takes the lock; refused while another trial has it.
    package init() throws(HostError) {
        let directory = Self.directory
        if unsafe mkdir(directory, 0o700) != 0 && Errno.current != .fileExists {
            throw HostError(errno: .current, cannot: "make the folder", directory)
        }
        // What is undone later is what stands here: nobody else may write it.
        var status = stat()
        guard unsafe lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0
        else {
            throw HostError(
                .failed, cannot: "use the folder", directory, reason: "others may write there",
                remedy: "make it a folder of root's alone")
        }
        let file = directory + "/fix.lock"
        let lock = try Descriptor(
            unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600), cannot: "open", file)
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else {
            throw HostError(
                .busy, cannot: "try a fix", reason: "another `rpfwatch fix` is running",
                remedy: "wait for its end, or stop it")
        }
        self.lock = lock
        path = directory + "/fix.json"
    }

    private init(_ lock: consuming Descriptor) {
        self.lock = lock
        path = Self.directory + "/fix.json"
    }

    /// Takes over the lock in the process that guards a trial.
    package static func inherited() throws(HostError) -> TrialFile {
        TrialFile(try GuardProcess.inherited(GuardProcess.lockNumber))
    }

    private static var directory: String {
        // systemd lists several with colons between them.
        let given = unsafe getenv("RUNTIME_DIRECTORY").map { unsafe String(cString: $0) } ?? ""
        let first = given.split(separator: ":").first.map { String($0) }
        return first.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/run/rpfwatch"
    }

    /// To be handed to a process that goes on when this one ends: the lock lasts until both have let it go.
    package var lockDescriptor: CInt { lock.number }

    /// What an earlier trial left behind; nil when there is nothing to undo.
    package borrowing func read() -> [UInt8]? { Files.contents(FilePath(path), limit: 16 << 20) }

    package borrowing func write(_ bytes: [UInt8]) throws(HostError) {
        try replaceFile(path, with: bytes, permissions: [.ownerReadWrite])
    }

    /// Everything is undone, or meant to stay.
    package borrowing func remove() { _ = unsafe unlink(path) }

    /// Where it is, for messages.
    package var description: String { path }
}
