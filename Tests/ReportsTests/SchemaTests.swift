// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reports
import Testing

/// The JSON Schema beside real output, judged by Python's jsonschema (Debian: python3-jsonschema).
@Suite struct SchemaTests {
    private static let schema = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../schema/events.schema.json").standardizedFileURL

    /// Checks every line of stdin against the schema; prints the first complaint about each line that does not fit.
    private static let program = """
        import json, sys
        from jsonschema import Draft202012Validator as V
        schema = json.load(open(sys.argv[1]))
        V.check_schema(schema)
        validator = V(schema)
        bad = 0
        for number, line in enumerate(sys.stdin.buffer, 1):
            for error in validator.iter_errors(json.loads(line)):
                inner = min(error.context, key=lambda e: -len(e.absolute_path), default=error)
                print(number, list(inner.absolute_path), inner.message[:200])
                bad = 1
        sys.exit(bad)
        """

    private static func python(_ arguments: [String], input: Data = Data()) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let file = FileManager.default.temporaryDirectory.appending(path: "rpfwatch-schema-\(UUID()).ndjson")
        try input.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        process.standardInput = try FileHandle(forReadingFrom: file)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    private static let hasValidator =
        (try? python(["-c", "from jsonschema import Draft202012Validator"]).status) == 0

    private static let needsValidator = ConditionTrait.enabled(
        if: hasValidator, "python3 with jsonschema is not installed (Debian: python3-jsonschema)")

    @Test(needsValidator) func realOutputFitsTheSchema() throws {
        var writer = JSONWriter()
        var lines = Data()
        for event in Samples.run + Samples.edgeCases {
            writer.encode(event)
            lines.append(contentsOf: writer.line)
        }
        let result = try Self.python(["-c", Self.program, Self.schema.path], input: lines)
        #expect(result.status == 0, "\(result.output)")
    }

    @Test(
        needsValidator, arguments: ["\"rpf\":{\"attributed\":true,", "\"mark\":0,", "\"cause\":\"wrong_interface\","])
    func theSchemaNoticesAMissingKey(text: String) throws {
        var writer = JSONWriter()
        writer.encode(Samples.drop())
        let line = String(decoding: writer.line, as: UTF8.self)
        let broken = line.replacing(text, with: text.hasPrefix("\"rpf\"") ? "\"rpf\":{" : "")
        #expect(broken != line)
        #expect(try Self.python(["-c", Self.program, Self.schema.path], input: Data(broken.utf8)).status == 1)
    }
}
