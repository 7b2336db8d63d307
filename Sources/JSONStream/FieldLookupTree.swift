import ByteIO

/// All paths of a lookup as one tree, so that one pass over a text finds all of them.
///
/// The paths `.ts` and `.user.id` give nodes 0 (the whole text), 1 (`ts`), 2 (`user`), 3 (`id`). The tree is
/// numbered in preorder, so the descendants of a node are one range of numbers after it.
struct FieldLookupTree {
    /// An edge from a node to a child.
    private struct Edge {
        let step: FieldPath.Step
        let child: Int
    }

    /// A value that a path leads to or through.
    private struct Node {
        var edges: [Edge] = []
        /// The number after the last descendant.
        var end = 0
    }

    private var nodes: [Node] = []
    /// The target node of each path.
    private(set) var targets: [Int]

    init(_ paths: [FieldPath]) {
        targets = paths.map { _ in 0 }
        add(paths.enumerated().map { ($0.offset, $0.element.steps[...]) })
    }

    /// Adds a node for the rest of these paths, and all its descendants.
    private mutating func add(_ paths: [(index: Int, rest: ArraySlice<FieldPath.Step>)]) {
        let node = nodes.count
        nodes.append(Node())
        var branches: [(step: FieldPath.Step, paths: [(index: Int, rest: ArraySlice<FieldPath.Step>)])] = []
        for (index, rest) in paths {
            guard let step = rest.first else {
                targets[index] = node
                continue
            }
            let below = (index, rest.dropFirst())
            if let known = branches.firstIndex(where: { $0.step == step }) {
                branches[known].paths.append(below)
            } else {
                branches.append((step, [below]))
            }
        }
        for branch in branches {
            nodes[node].edges.append(Edge(step: branch.step, child: nodes.count))
            add(branch.paths)
        }
        nodes[node].end = nodes.count
    }

    /// The number of nodes.
    var count: Int { nodes.count }

    /// A node and all its descendants.
    func subtree(_ node: Int) -> Range<Int> { node..<nodes[node].end }

    /// Whether a path continues at `node`.
    func hasChildren(_ node: Int) -> Bool { !nodes[node].edges.isEmpty }

    /// The child of `node` for a member with this unescaped name, or `nowhere`.
    func child(of node: Int, named name: RawSpan) -> Int {
        for edge in nodes[node].edges {
            guard case .member(let wanted) = edge.step, wanted.count == name.byteCount else { continue }
            if name.equals(wanted) { return edge.child }
        }
        return FieldLookup.nowhere
    }

    /// The child of `node` for the element at `index`, or `nowhere`.
    func child(of node: Int, at index: Int) -> Int {
        for edge in nodes[node].edges where edge.step == .element(index) { return edge.child }
        return FieldLookup.nowhere
    }
}
