// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Every target is held to the same rules; a room that needs an exception has the wrong walls.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A room without side effects: imports other pure rooms and the event header only, builds without libbpf and without Linux.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

/// What the kernel's side needs: left out with RPFWATCH_WITHOUT_LIBBPF=1, to show that the pure rooms and their tests can
/// do without (`make test-pure`).
let needsLibbpf: Set<String> = [
    "CBPF", "Probe", "rpfwatch", "ProbeTests", "CFlood", "FloodGenerator", "benchmarks",
]
let hasLibbpf = Context.environment["RPFWATCH_WITHOUT_LIBBPF"] == nil

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "rpfwatch",
    products: hasLibbpf ? [.executable(name: "rpfwatch", targets: ["rpfwatch"])] : [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // What C and the kernel give us. No logic.
        .systemLibrary(name: "CEvent", path: "bpf"),
        .target(
            name: "CBPF",
            cSettings: [.headerSearchPath("../../bpf")],
            linkerSettings: [.linkedLibrary("bpf"), .linkedLibrary("elf"), .linkedLibrary("z")]),
        .target(name: "CLinux"),

        // Pure rooms, in the order in which data flows.
        room("Packets"),
        room("Facts", ["Packets"]),
        room("Drops", ["Packets", "CEvent"]),
        room("Routing", ["Packets", "Facts"]),
        room("Settings", ["Packets", "Facts"]),
        room("Attribution", ["Packets", "Facts", "Drops", "Routing", "Settings"]),
        room("Fixes", ["Packets", "Facts", "Drops", "Routing", "Attribution", "Settings"]),
        room("Reports", ["Packets", "Facts", "Drops", "Attribution", "Settings", "Fixes"]),

        // Edges: the only rooms that touch the host.
        room("Probe", ["Packets", "Drops", "CBPF", "CEvent", system]),
        room("Host", ["Packets", "Facts", "CLinux", system]),
        .executableTarget(
            name: "rpfwatch",
            dependencies: [
                "Packets", "Facts", "Drops", "Routing", "Attribution", "Settings", "Fixes", "Reports", "Probe",
                "Host", argumentParser,
            ],
            swiftSettings: settings),

        tests("PacketsTests", ["Packets"]),
        .target(
            name: "ModelLab", dependencies: ["Packets", "Facts", "Routing"], path: "Tests/ModelLab",
            swiftSettings: settings),
        tests("DropsTests", ["Drops"]),
        tests("ProbeTests", ["Packets", "Facts", "Drops", "Probe", "Lab", "FloodGenerator", system]),
        tests("HostTests", ["Packets", "Facts", "Host", "CLinux", system]),
        tests("RoutingTests", ["Packets", "Facts", "Routing", "ModelLab"]),
        // Whether the model decides as this machine's kernel does; needs root.
        tests("KernelAgreementTests", ["Agreement"]),
        tests("SettingsTests", ["Packets", "Facts", "Settings", "Host", system], exclude: ["Trees"]),
        // What is said about sysctl.d against the programs that read it; needs root.
        tests(
            "SettingsRefereeTests",
            [
                "Packets", "Facts", "Drops", "Routing", "Attribution", "Settings", "Fixes", "Host", "Lab", "ModelLab",
                system,
            ]),
        tests("AttributionTests", ["Packets", "Facts", "Drops", "Routing", "Attribution", "ModelLab"]),
        tests(
            "ReportsTests", ["Reports", "Packets", "Facts", "Drops", "Attribution", "Settings", "Fixes"],
            exclude: ["Snapshots"]),
        tests(
            "FixesTests",
            [
                "Packets", "Facts", "Drops", "Routing", "Attribution", "Settings", "Fixes", "Host", "ModelLab", "Lab",
                "Scenarios",
            ]),

        // The lab: namespaces, packets, the running program. Nothing in it or in the scenarios imports a test framework,
        // so that they can be linked into a program for a machine that has none.
        .target(name: "CLab", path: "Tests/CLab"),
        .target(name: "Lab", dependencies: ["CLab", "CEvent"], path: "Tests/Lab", swiftSettings: settings),
        .target(name: "Scenarios", dependencies: ["Lab"], path: "Tests/Scenarios", swiftSettings: settings),
        // Random hosts, and whether the model decides about packets to them as the kernel does.
        .target(
            name: "Agreement", dependencies: ["Packets", "Facts", "Routing", "Host", "ModelLab", "Lab", "CLab"],
            path: "Tests/Agreement", swiftSettings: settings),
        // The same by the thousand: `make fuzz-routing`.
        .executableTarget(
            name: "fuzz-routing", dependencies: ["Agreement", "Lab"], path: "Tests/RoutingFuzzer",
            swiftSettings: settings),
        tests("ScenarioTests", ["Lab", "Scenarios"]),
        tests("CommandTests", ["Lab"]),
        // The scenarios as a program, for the virtual machines of `make test-kernels`.
        .executableTarget(
            name: "scenario-runner", dependencies: ["Lab", "Scenarios", "Agreement"], path: "Tests/Kernels/Runner",
            swiftSettings: settings),

        // Packets by the million, and what tracing costs them: `make bench`.
        .target(name: "CFlood", path: "Benchmarks/CFlood"),
        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
        .target(
            name: "FloodGenerator", dependencies: ["CBPF", "CFlood"], path: "Benchmarks/FloodGenerator",
            swiftSettings: settings),
        .executableTarget(
            name: "benchmarks",
            dependencies: [
                "FloodGenerator", "Packets", "Facts", "Drops", "Routing", "Probe", "Host", "ModelLab", "Lab",
                "CAllocations",
            ],
            path: "Benchmarks/Benchmarks", swiftSettings: settings),

        // The main job from end to end, for a person to read: `make demo`.
        .executableTarget(name: "demo", dependencies: ["Packets", "Lab"], path: "Demo", swiftSettings: settings),
        tests("DemoTests", ["Lab", "CLab"]),
    ].filter { hasLibbpf || !needsLibbpf.contains($0.name) },
    cLanguageStandard: .c2x
)
