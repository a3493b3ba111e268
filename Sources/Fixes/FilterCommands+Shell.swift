// SPDX-License-Identifier: Apache-2.0
import Facts

extension FilterCommands {
    /// The same as shell commands that enter the namespace by themselves.
    func pair(in context: CommandContext) -> CommandPair {
        CommandPair(apply: context.command(apply), revert: context.command(revert))
    }
}

extension CommandContext {
    fileprivate func command(_ step: FilterCommands.Step) -> String {
        // By itself it is what people type without quotes.
        let words: [ShellWord] = step.command.map { $0 == Array("!".utf8) ? "!" : ShellWord(quoting: $0) }
        guard let probe = step.probe else { return command(words) }
        let question = probe.command.map { ShellWord(quoting: $0) }
        return probe.isOnlyLine
            ? command(words, whenOutputOf: question, is: probe.line)
            : command(words, whenOutputOf: question, has: probe.line)
    }
}
