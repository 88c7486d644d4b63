# cython: cdivision=True
"""Who may charge on a site, and with how much current: the compiled form of `gateway/hot/allocate.py`.

The same answers, in time for a control loop. Three ideas make it fast:

- Nodes are numbered so that a subtree is an unbroken range, and links follow their nodes. So one routine allocates any
  subtree, and the whole site is the subtree of its root.
- Links whose sessions fit at their maxima are never looked at. Of the others, each has a level at which it is full.
  That level can only rise as other links fill up (their sessions take less than they might have), so it stays a valid
  lower bound: a heap finds the lowest, and only a link that comes to its top is looked at again.
- After a change, a link is *tight* if it kept anybody from anything: its minima do not fit together, its shares fill
  it, or a step more on it might not fit. Above the highest tight node nothing has an influence on anything else, so it
  is enough to allocate that subtree, and to go further up if a link above has become tight by that.

Loads and limits are integers, exact in 64 bits; only levels and shares are in double precision.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.math cimport ceil, floor, isfinite
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport qsort
from libc.string cimport memset

from gateway.hot.allocate import (
    LOAD_MAX as PY_LOAD_MAX,
    MILLION as PY_MILLION,
    SNAP_MA as PY_SNAP_MA,
    TOLERANCE_MA as PY_TOLERANCE_MA,
    Share,
    checked_capacity,
    checked_limits,
    checked_loads,
    checked_order,
    checked_tree,
    checked_weight,
)

cdef int64_t MILLION = PY_MILLION
cdef int64_t LOAD_MAX = PY_LOAD_MAX
cdef int64_t UNLIMITED = 0x7FFFFFFFFFFFFFFF
cdef double SNAP_MA = PY_SNAP_MA
cdef double TOLERANCE_MA = PY_TOLERANCE_MA

cdef enum:
    NOWHERE = -1
    ROUNDS_MAX = 200  # of the search for a level; it halves its bracket where Newton's step leaves it, so 64 suffice


cdef struct Load:
    int32_t link
    int64_t factor


cdef struct Session:
    # what it asks for
    int32_t node
    int32_t loads_count
    Load* loads
    int64_t minimum, maximum, step, weight
    int64_t priority, stride_pass, turn, sequence
    bint pinned
    # what it got
    bint admitted
    double exact
    int64_t current
    int64_t ceiled
    int32_t binding
    # what the caller was told, and whether a newer current waits to be told
    int64_t told
    bint waiting
    # neighbours at its node
    int32_t following, preceding


cdef struct LinkState:
    int64_t capacity  # millionths
    # sums over all its sessions, in millionths
    int64_t minima, maxima
    int64_t load  # of the currents
    int64_t ceiled  # of the shares, each rounded up to whole milliamperes: an upper bound without rounding errors
    int64_t step_max  # largest load of one step of a session on it since nobody drew from it
    bint tight


cdef struct Rising:
    # a session while it is allocated
    double low, high  # the levels at which it leaves its minimum and reaches its maximum
    double minimum, maximum, weight
    double exact
    int64_t current, step, most
    Load* loads  # on the links that may fill up, which they name by the number of the filling
    int32_t loads_count
    int32_t session
    int32_t binding
    bint admitted
    bint frozen


cdef struct Member:
    double factor
    int32_t rising


cdef struct Filling:
    # a link that may fill up: its members that still rise come first, the load of the others is in `frozen_load`
    double room, frozen_load, level
    int64_t capacity, load  # of the minima, then of the currents
    Member* members
    int32_t members_count
    int32_t link
    bint crowded  # its minima do not fit together


cdef struct Tally:
    # what a certificate adds up on a link
    double load, room, highest
    double factors


cdef struct Place:
    # of a session in the order of admission
    int64_t priority, stride_pass
    uint64_t turn
    int64_t sequence
    int32_t rising
    bint unpinned


cdef struct Step:
    # of a session that has reached a level: who takes the next one
    double level
    uint64_t turn
    int64_t sequence
    int32_t rising


cdef int by_admission(const void* a, const void* b) noexcept nogil:
    cdef const Place* one = <const Place*>a
    cdef const Place* other = <const Place*>b
    if one.unpinned != other.unpinned:
        return -1 if one.unpinned < other.unpinned else 1
    if one.priority != other.priority:
        return -1 if one.priority < other.priority else 1
    if one.stride_pass != other.stride_pass:
        return -1 if one.stride_pass < other.stride_pass else 1
    if one.turn != other.turn:
        return -1 if one.turn < other.turn else 1
    return -1 if one.sequence < other.sequence else 1


cdef int by_level(const void* a, const void* b) noexcept nogil:
    return -1 if before(<const Step*>a, <const Step*>b) else 1


cdef inline bint before(const Step* one, const Step* other) noexcept nogil:
    """Compare by level, turn and sequence. Without branches: a processor would guess every other one wrong."""
    return (one.level < other.level) | (
        (one.level == other.level)
        & ((one.turn < other.turn) | ((one.turn == other.turn) & (one.sequence < other.sequence)))
    )


cdef void sift_step(Step* heap, Py_ssize_t size, Py_ssize_t hole) noexcept nogil:
    """Restore the heap whose one wrong element is at `hole`, too large for its place.

    It goes down to a leaf and from there up to its place, which is near: half the comparisons of the other way round.
    """
    cdef Step moved = heap[hole]
    cdef Py_ssize_t top = hole, child = 2 * hole + 2
    while child < size:
        child -= before(&heap[child - 1], &heap[child])
        heap[hole] = heap[child]
        hole, child = child, 2 * child + 2
    if child == size:
        heap[hole] = heap[child - 1]
        hole = child - 1
    while hole > top and before(&moved, &heap[(hole - 1) >> 1]):
        heap[hole] = heap[(hole - 1) >> 1]
        hole = (hole - 1) >> 1
    heap[hole] = moved


cdef void sift_filling(Filling* fillings, int32_t* heap, Py_ssize_t size, Py_ssize_t hole) noexcept nogil:
    """The same for links by level; equals go by number, so that the answer has one form."""
    cdef int32_t moved = heap[hole]
    cdef Py_ssize_t child = 2 * hole + 1
    while child < size:
        if child + 1 < size and lower(fillings, heap[child + 1], heap[child]):
            child += 1
        if not lower(fillings, heap[child], moved):
            break
        heap[hole] = heap[child]
        hole, child = child, 2 * child + 1
    heap[hole] = moved


cdef inline bint lower(Filling* fillings, int32_t one, int32_t other) noexcept nogil:
    if fillings[one].level != fillings[other].level:
        return fillings[one].level < fillings[other].level
    return one < other


cdef bint drop_frozen(Filling* filling, Rising* rising) noexcept nogil:
    """Move the load of members that have been frozen to `frozen_load`; return whether there were any."""
    cdef int32_t index, kept = 0
    cdef Member* member
    for index in range(filling.members_count):
        member = &filling.members[index]
        if rising[member.rising].frozen:
            filling.frozen_load += member.factor * rising[member.rising].exact
        else:
            filling.members[kept] = member[0]
            kept += 1
    if kept == filling.members_count:
        return False
    filling.members_count = kept
    return True


cdef bint find_level(Filling* filling, Rising* rising) noexcept nogil:
    """Set the level at which the link is full. Returns False if its members cannot fill it.

    The load is a chain of straight pieces that never falls. Newton's step is exact if it ends on the piece it started
    from. As minima make the chain bend both ways it may also jump to and fro, so a bracket is kept, and halved where a
    step leaves it and, after some rounds, every other time. The level so far is a lower bound.
    """
    cdef double room = filling.room - filling.frozen_load
    cdef double bottom = filling.level, top = 0, level, following, slope = 0, constant = 0, below, above
    cdef int32_t index, rounds
    cdef Member* member
    cdef Rising* one
    for index in range(filling.members_count):
        member = &filling.members[index]
        one = &rising[member.rising]
        constant += member.factor * one.maximum
        slope += member.factor * one.weight
        if one.high > top:
            top = one.high
    if constant <= room or filling.members_count == 0:
        return False
    level = room / slope
    for rounds in range(ROUNDS_MAX):
        if not bottom <= level < top or (rounds > 8 and rounds & 1):
            level = 0.5 * (bottom + top)
        constant = slope = below = 0
        above = top
        for index in range(filling.members_count):
            member = &filling.members[index]
            one = &rising[member.rising]
            if level < one.low:
                constant += member.factor * one.minimum
                if one.low < above:
                    above = one.low
            elif level < one.high:
                slope += member.factor * one.weight
                if one.low > below:
                    below = one.low
                if one.high < above:
                    above = one.high
            else:
                constant += member.factor * one.maximum
                if one.high > below:
                    below = one.high
        if slope > 0:
            following = (room - constant) / slope
            if below <= following <= above:
                filling.level = following
                return True
        elif constant == room:
            filling.level = level
            return True
        else:
            following = above if constant < room else below
        if following >= above:
            if above > bottom:
                bottom = above
        elif below < top:
            top = below
        if bottom >= top:
            filling.level = bottom
            return True
        level = following
    filling.level = bottom
    return True


@cython.final
cdef class Site:
    """A tree, the sessions on it, and what each may draw: see the twin."""

    cdef object _tree
    cdef dict _slots, _loads_of, _node_numbers, _link_numbers
    cdef list _names
    cdef int32_t _nodes_count, _links_count, _sessions_room, _sessions_count, _free
    cdef int64_t _added, _first_turn
    cdef int32_t* _parents
    cdef int32_t* _ends
    cdef int32_t* _first_links
    cdef int32_t* _heads
    cdef uint8_t* _pending
    cdef int32_t* _pending_nodes
    cdef int32_t _pending_count
    cdef LinkState* _links
    cdef Session* _sessions
    # room for one allocation, kept between them
    cdef Rising* _rising
    cdef Place* _places
    cdef Step* _steps
    cdef Filling* _fillings
    cdef int32_t* _filling_of
    cdef int32_t* _heap
    cdef int64_t* _sums
    cdef int32_t* _waiting
    cdef int32_t _rising_count, _fillings_count, _waiting_count
    cdef Load* _loads
    cdef Member* _members
    cdef Py_ssize_t _loads_count, _loads_room

    def __cinit__(self, nodes, links):
        cdef int32_t node, link, parent
        tree = self._tree = checked_tree(nodes, links)
        self._nodes_count, self._links_count = len(tree.names), len(tree.links)
        self._slots, self._loads_of, self._names = {}, {}, []
        self._node_numbers, self._link_numbers = tree.node_numbers, tree.link_numbers
        self._free = NOWHERE
        self._parents = <int32_t*>taken(self._nodes_count * sizeof(int32_t))
        self._ends = <int32_t*>taken(self._nodes_count * sizeof(int32_t))
        self._first_links = <int32_t*>taken((self._nodes_count + 1) * sizeof(int32_t))
        self._heads = <int32_t*>taken(self._nodes_count * sizeof(int32_t))
        self._pending = <uint8_t*>taken(self._nodes_count)
        self._pending_nodes = <int32_t*>taken(self._nodes_count * sizeof(int32_t))
        self._links = <LinkState*>taken(self._links_count * sizeof(LinkState))
        self._fillings = <Filling*>taken(self._links_count * sizeof(Filling))
        self._filling_of = <int32_t*>taken(self._links_count * sizeof(int32_t))
        self._heap = <int32_t*>taken(self._links_count * sizeof(int32_t))
        self._sums = <int64_t*>taken(self._links_count * sizeof(int64_t))
        for node in range(self._nodes_count):
            self._parents[node] = tree.parents[node]
            self._ends[node] = node + 1
            self._heads[node] = NOWHERE
        for node in range(self._nodes_count - 1, 0, -1):
            parent = self._parents[node]
            if self._ends[parent] < self._ends[node]:
                self._ends[parent] = self._ends[node]
        link = 0
        for node in range(self._nodes_count):
            self._first_links[node] = link
            while link < self._links_count and tree.links[link][0] == tree.names[node]:
                link += 1
        self._first_links[self._nodes_count] = link
        for link in range(self._links_count):
            self._links[link].capacity = millionths(tree.capacities[link])

    def __dealloc__(self):
        cdef int32_t slot
        for slot in range(self._sessions_count):
            PyMem_Free(self._sessions[slot].loads)
        PyMem_Free(self._parents)
        PyMem_Free(self._ends)
        PyMem_Free(self._first_links)
        PyMem_Free(self._heads)
        PyMem_Free(self._pending)
        PyMem_Free(self._pending_nodes)
        PyMem_Free(self._links)
        PyMem_Free(self._sessions)
        PyMem_Free(self._rising)
        PyMem_Free(self._places)
        PyMem_Free(self._steps)
        PyMem_Free(self._fillings)
        PyMem_Free(self._filling_of)
        PyMem_Free(self._heap)
        PyMem_Free(self._sums)
        PyMem_Free(self._waiting)
        PyMem_Free(self._loads)
        PyMem_Free(self._members)

    # --- the question

    def add(
        self, session, node, phases, *, minimum_ma, maximum_ma, step_ma=100, weight=1, pinned=False, priority=0,
        stride_pass=0, turn=0, factors=None,
    ):
        """Add a session at `node` that draws on `phases`, and gets 0 or a current within its limits, in whole steps."""
        if session in self._slots:
            raise ValueError(f"session {session!r} is there already")
        checked_limits(session, minimum_ma, maximum_ma, step_ma)
        checked_order(session, priority, stride_pass, turn)
        checked_weight(session, weight)
        cdef tuple loads = self._loads_on(session, node, phases, factors)
        cdef int64_t maximum = maximum_ma
        cdef Session* one
        cdef int32_t index, slot
        for link, factor in loads:
            self._check_sum(session, link, <int64_t>factor * maximum)
        self._room_for(len(loads))
        slot = self._slot()
        one = &self._sessions[slot]
        memset(one, 0, sizeof(Session))
        one.loads = <Load*>taken(len(loads) * sizeof(Load))
        one.loads_count = len(loads)
        self._loads_count += one.loads_count
        for index, (link, factor) in enumerate(loads):
            one.loads[index].link = link
            one.loads[index].factor = factor
        one.node = self._node_numbers[node]
        one.step, one.weight, one.pinned = step_ma, weight, pinned
        one.priority, one.stride_pass, one.turn, one.sequence = priority, stride_pass, turn, self._added
        one.binding = NOWHERE
        one.preceding, one.following = NOWHERE, self._heads[one.node]
        if one.following != NOWHERE:
            self._sessions[one.following].preceding = slot
        self._heads[one.node] = slot
        self._names[slot] = session
        self._slots[session] = slot
        self._added += 1
        self._limit(one, minimum_ma, maximum)

    def remove(self, session):
        """Take the session away, or raise KeyError."""
        cdef int32_t slot = self._slots.pop(session)
        cdef Session* one = &self._sessions[slot]
        self._limit(one, 0, 0)
        self._settle(one, 0, 0)
        if one.preceding == NOWHERE:
            self._heads[one.node] = one.following
        else:
            self._sessions[one.preceding].following = one.following
        if one.following != NOWHERE:
            self._sessions[one.following].preceding = one.preceding
        self._loads_count -= one.loads_count
        PyMem_Free(one.loads)
        one.loads, one.loads_count, one.told = NULL, 0, 0
        one.following, self._free = self._free, slot
        self._names[slot] = None

    def set_limits(self, session, minimum_ma, maximum_ma):
        """Change what the session may draw, or raise KeyError or ValueError."""
        cdef int32_t index, slot = self._slots[session]
        checked_limits(session, minimum_ma, maximum_ma, self._sessions[slot].step)
        cdef Session* one = &self._sessions[slot]
        cdef int64_t more = <int64_t>maximum_ma - one.maximum
        for index in range(one.loads_count):
            self._check_sum(session, one.loads[index].link, one.loads[index].factor * more)
        self._limit(one, minimum_ma, maximum_ma)

    def set_order(self, session, *, pinned, priority, stride_pass):
        """Change the session's place in the order of admission, or raise KeyError or ValueError."""
        cdef int32_t slot = self._slots[session]
        checked_order(session, priority, stride_pass, 0)
        cdef Session* one = &self._sessions[slot]
        one.pinned, one.priority, one.stride_pass = pinned, priority, stride_pass
        self._pend(one.node)

    def set_capacity(self, node, phase, capacity):
        """Change what the link carries, in the unit it was built with, or raise ValueError."""
        number = self._link_numbers.get((node, phase))
        if number is None:
            raise ValueError(f"{(node, phase)!r} is no link")
        self._links[<int32_t>number].capacity = millionths(checked_capacity((node, phase), capacity))
        self._pend(self._node_numbers[node])

    def set_first_turn(self, turn):
        """Let sessions with this turn or a later one go before the others where only their turn tells them apart."""
        checked_order(None, 0, 0, turn)
        if self._first_turn != turn:
            self._first_turn = turn
            self._pend(0)

    cdef tuple _loads_on(self, session, node, phases, factors):
        """Return what `checked_loads` does, from memory where it can: an event has no time to climb the tree in Python."""
        if factors:
            return checked_loads(self._tree, session, node, phases, factors)
        key = (node, tuple(phases))
        loads = self._loads_of.get(key)
        if loads is None:
            loads = self._loads_of[key] = checked_loads(self._tree, session, node, phases, {})
        return loads

    cdef int _check_sum(self, session, int32_t link, int64_t more) except -1:
        if self._links[link].maxima + more > LOAD_MAX:
            raise ValueError(f"session {session!r}: the maxima on {self._tree.links[link]!r} are beyond 64 bits")
        return 0

    cdef void _limit(self, Session* one, int64_t minimum, int64_t maximum) noexcept:
        cdef int32_t index
        cdef LinkState* link
        cdef Load* load
        for index in range(one.loads_count):
            load = &one.loads[index]
            link = &self._links[load.link]
            link.minima += load.factor * (minimum - one.minimum)
            link.maxima += load.factor * (maximum - one.maximum)
            if link.maxima == 0:
                link.step_max = 0
            elif load.factor * one.step > link.step_max:
                link.step_max = load.factor * one.step
        one.minimum, one.maximum = minimum, maximum
        self._pend(one.node)

    cdef void _pend(self, int32_t node) noexcept:
        if not self._pending[node]:
            self._pending[node] = True
            self._pending_nodes[self._pending_count] = node
            self._pending_count += 1

    cdef int _room_for(self, Py_ssize_t more) except -1:
        """Have room for so many more loads, so that an allocation needs no memory and cannot fail."""
        cdef Py_ssize_t room
        if self._loads_count + more > self._loads_room:
            room = 2 * (self._loads_count + more)
            self._loads = <Load*>moved(self._loads, room * sizeof(Load))
            self._members = <Member*>moved(self._members, room * sizeof(Member))
            self._loads_room = room
        return 0

    cdef int32_t _slot(self) except -1:
        cdef int32_t slot = self._free, room
        if slot != NOWHERE:
            self._free = self._sessions[slot].following
            return slot
        if self._sessions_count == self._sessions_room:
            room = max(16, 2 * self._sessions_room)
            self._sessions = <Session*>moved(self._sessions, room * sizeof(Session))
            self._rising = <Rising*>moved(self._rising, room * sizeof(Rising))
            self._places = <Place*>moved(self._places, room * sizeof(Place))
            self._steps = <Step*>moved(self._steps, room * sizeof(Step))
            self._waiting = <int32_t*>moved(self._waiting, room * sizeof(int32_t))
            self._sessions_room = room
        self._names.append(None)
        self._sessions_count += 1
        return self._sessions_count - 1

    # --- the answer

    def solve(self):
        """Allocate all anew. Returns the currents, in mA, that are not what they were."""
        self._allocate(0)
        return self._told()

    def update(self):
        """Allocate after changes: the same answer as `solve`, looking only at what they can reach."""
        cdef int32_t index, node, top
        for index in range(self._pending_count):
            node = self._pending_nodes[index]
            if not self._pending[node]:
                continue
            top = self._highest_tight(node, node)
            while True:
                self._allocate(top)
                node = self._highest_tight(self._parents[top], NOWHERE)
                if node == NOWHERE:
                    break
                top = node
        return self._told()

    def share(self, session):
        """Return what the session got when last solved, or raise KeyError."""
        return self._share(&self._sessions[self._slots[session]])

    def shares(self):
        """Return what every session got when last solved; nothing, if it was added since."""
        return {session: self._share(&self._sessions[slot]) for session, slot in self._slots.items()}

    cdef object _share(self, Session* one):
        binding = None if one.binding == NOWHERE else self._tree.links[one.binding]
        return Share(bool(one.admitted), one.exact, one.current, binding)

    cdef dict _told(self):
        """Return the currents that changed, and that the caller has not been told."""
        cdef dict changed = {}
        cdef int32_t index
        cdef Session* one
        for index in range(self._waiting_count):
            one = &self._sessions[self._waiting[index]]
            one.waiting = False
            if one.current != one.told:
                one.told = one.current
                changed[self._names[self._waiting[index]]] = one.current
        self._waiting_count = 0
        for index in range(self._pending_count):
            self._pending[self._pending_nodes[index]] = False
        self._pending_count = 0
        return changed

    cdef int32_t _highest_tight(self, int32_t node, int32_t otherwise) noexcept nogil:
        """Return the highest node, from `node` up to the root, with a link that was tight or is, or `otherwise`."""
        cdef int32_t number
        cdef LinkState* link
        while node != NOWHERE:
            for number in range(self._first_links[node], self._first_links[node + 1]):
                link = &self._links[number]
                if link.tight or is_tight(link):
                    otherwise = node
            node = self._parents[node]
        return otherwise

    cdef void _allocate(self, int32_t top) noexcept:
        """Allocate the subtree of `top`, whose links above must not be tight in the answer."""
        cdef int32_t node = top, number, last
        self._gather(top)
        self._admit()
        self._fill()
        self._hand_out()
        self._settle_all()
        # what changed above: nothing there is allocated, but it is known from now on whether it was tight
        while node != NOWHERE:
            last = self._first_links[self._ends[node] if node == top else node + 1]
            for number in range(self._first_links[node], last):
                self._links[number].tight = is_tight(&self._links[number])
            node = self._parents[node]
        for node in range(top, self._ends[top]):
            self._pending[node] = False

    cdef void _gather(self, int32_t top) noexcept nogil:
        """List the links that may fill up, and the sessions with what they load of those; all others never matter."""
        cdef int32_t node, slot, number, filling, index, count = 0, first = self._first_links[top]
        cdef Load* load = self._loads
        cdef Filling* one_filling
        cdef Session* session
        cdef Rising* one
        for number in range(first, self._first_links[self._ends[top]]):
            if self._links[number].maxima <= self._links[number].capacity:
                self._filling_of[number] = NOWHERE
                continue
            self._filling_of[number] = count
            one_filling = &self._fillings[count]
            one_filling.capacity = self._links[number].capacity
            one_filling.room = one_filling.capacity
            one_filling.frozen_load = one_filling.level = 0
            one_filling.load = 0
            one_filling.members_count = 0
            one_filling.link = number
            count += 1
        self._fillings_count, count = count, 0
        for node in range(top, self._ends[top]):
            slot = self._heads[node]
            while slot != NOWHERE:
                session = &self._sessions[slot]
                one = &self._rising[count]
                one.session = slot
                one.minimum, one.maximum, one.weight = session.minimum, session.maximum, session.weight
                one.low, one.high = one.minimum / one.weight, one.maximum / one.weight
                one.exact = one.maximum
                one.step, one.most = session.step, session.maximum
                one.binding = NOWHERE
                one.admitted, one.frozen = True, False
                one.loads = load
                for index in range(session.loads_count):
                    if session.loads[index].link < first:
                        break
                    filling = self._filling_of[session.loads[index].link]
                    if filling != NOWHERE:
                        load.link, load.factor = filling, session.loads[index].factor
                        load += 1
                one.loads_count = load - one.loads
                count += 1
                slot = session.following
        self._rising_count = count

    cdef void _admit(self) noexcept nogil:
        """Refuse whom the minima leave no room for. Who is on no link with too many minima is admitted in any order."""
        cdef int32_t index, number, full, count = 0
        cdef bint crowded = False
        cdef int64_t minimum
        cdef Rising* one
        for index in range(self._fillings_count):
            full = self._fillings[index].link
            self._fillings[index].crowded = self._links[full].minima > self._links[full].capacity
            crowded = crowded or self._fillings[index].crowded
        if not crowded:
            return
        for index in range(self._rising_count):
            one = &self._rising[index]
            for number in range(one.loads_count):
                if self._fillings[one.loads[number].link].crowded:
                    self._place(&self._places[count], index)
                    count += 1
                    break
        qsort(self._places, count, sizeof(Place), by_admission)
        for index in range(count):
            one = &self._rising[self._places[index].rising]
            minimum = self._sessions[one.session].minimum
            full = full_filling(one, minimum, self._fillings)
            if full == NOWHERE:
                load_fillings(one, minimum, self._fillings)
            else:
                one.binding = self._fillings[full].link
                one.admitted, one.frozen, one.exact = False, True, 0

    cdef inline void _place(self, Place* place, int32_t index) noexcept nogil:
        cdef Session* session = &self._sessions[self._rising[index].session]
        place.rising = index
        place.unpinned = not session.pinned
        place.priority, place.stride_pass = session.priority, session.stride_pass
        place.turn, place.sequence = self._turn(session), session.sequence

    cdef inline uint64_t _turn(self, const Session* session) noexcept nogil:
        return <uint64_t>session.turn - <uint64_t>self._first_turn  # turns before the first become the largest

    cdef inline void _place_step(self, Step* step, int32_t index) noexcept nogil:
        """Let `step` be the next one of a session."""
        cdef Rising* one = &self._rising[index]
        cdef Session* session = &self._sessions[one.session]
        step.level = one.current / one.weight
        step.turn, step.sequence = self._turn(session), session.sequence
        step.rising = index

    cdef void _fill(self) noexcept nogil:
        """Set everyone's share: freeze the link with the lowest level, and again, until no link fills up any more."""
        cdef int32_t index, number, size = 0
        cdef Member* members = self._members
        cdef Filling* filling
        cdef Rising* one
        for index in range(self._rising_count):
            one = &self._rising[index]
            if one.admitted:
                for number in range(one.loads_count):
                    self._fillings[one.loads[number].link].members_count += 1
        for index in range(self._fillings_count):
            filling = &self._fillings[index]
            filling.members = members
            members += filling.members_count
            filling.members_count = 0
        for index in range(self._rising_count):
            one = &self._rising[index]
            if one.admitted:
                for number in range(one.loads_count):
                    filling = &self._fillings[one.loads[number].link]
                    filling.members[filling.members_count].factor = one.loads[number].factor
                    filling.members[filling.members_count].rising = index
                    filling.members_count += 1
        for index in range(self._fillings_count):
            if find_level(&self._fillings[index], self._rising):
                self._heap[size] = index
                size += 1
        for index in range(size // 2 - 1, -1, -1):
            sift_filling(self._fillings, self._heap, size, index)
        while size > 0:
            filling = &self._fillings[self._heap[0]]
            if drop_frozen(filling, self._rising):
                if find_level(filling, self._rising):
                    sift_filling(self._fillings, self._heap, size, 0)
                    continue
            else:
                freeze(filling, self._rising)
            size -= 1
            self._heap[0] = self._heap[size]
            sift_filling(self._fillings, self._heap, size, 0)

    cdef void _hand_out(self) noexcept nogil:
        """Cut shares to whole steps and give what that left: the lowest level first, then the next in turn."""
        cdef int32_t index, size = 0
        cdef bint stepped
        cdef Rising* one
        if not self._cut(SNAP_MA):
            self._cut(-SNAP_MA)
        for index in range(self._rising_count):
            one = &self._rising[index]
            if one.admitted and may_step(one, self._fillings):
                self._place_step(&self._steps[size], index)
                size += 1
        for index in range(size // 2 - 1, -1, -1):
            sift_step(self._steps, size, index)
        while size > 0:
            one = &self._rising[self._steps[0].rising]
            stepped = may_step(one, self._fillings)
            if stepped:
                one.current += one.step
                load_fillings(one, one.step, self._fillings)
            if stepped and may_step(one, self._fillings):
                self._steps[0].level = one.current / one.weight
            else:
                size -= 1  # room never grows: who may not step now never will
                self._steps[0] = self._steps[size]
            if size > 1:
                sift_step(self._steps, size, 0)

    cdef bint _cut(self, double snap) noexcept nogil:
        """Cut shares to whole steps and add up their loads. Returns False if that is too much for a link."""
        cdef int32_t index
        cdef Rising* one
        for index in range(self._fillings_count):
            self._fillings[index].load = 0
        for index in range(self._rising_count):
            one = &self._rising[index]
            one.current = 0
            if one.admitted:
                one.current = whole_steps(&self._sessions[one.session], one.exact, snap)
                load_fillings(one, one.current, self._fillings)
        for index in range(self._fillings_count):
            if self._fillings[index].load > max(self._fillings[index].capacity, 0):
                return False
        return True

    cdef void _settle_all(self) noexcept nogil:
        """Let the sessions have what was found for them, and remember whose currents are news."""
        cdef int32_t index
        cdef int64_t ceiled
        cdef Session* session
        cdef Rising* one
        for index in range(self._rising_count):
            one = &self._rising[index]
            session = &self._sessions[one.session]
            session.admitted, session.exact, session.binding = one.admitted, one.exact, one.binding
            ceiled = min(one.most, <int64_t>ceil(one.exact + SNAP_MA)) if one.admitted else 0
            if one.current != session.current or ceiled != session.ceiled:
                self._settle(session, one.current, ceiled)
            if session.current != session.told and not session.waiting:
                session.waiting = True
                self._waiting[self._waiting_count] = one.session
                self._waiting_count += 1

    cdef void _settle(self, Session* session, int64_t current, int64_t ceiled) noexcept nogil:
        """Let the session have `current`, and its links know, up to the root."""
        cdef int64_t more = current - session.current, more_ceiled = ceiled - session.ceiled
        cdef int32_t index
        cdef LinkState* link
        for index in range(session.loads_count):
            link = &self._links[session.loads[index].link]
            link.load += session.loads[index].factor * more
            link.ceiled += session.loads[index].factor * more_ceiled
        session.current, session.ceiled = current, ceiled

    # --- the certificate

    def certificate(self, shares=None):
        """Return None if `shares` (by default the site's own) are the one right answer, or else what is wrong."""
        cdef int32_t index
        cdef Rising* one
        cdef Session* session
        if shares is not None and shares.keys() != self._slots.keys():
            return "not the sessions of the site"
        self._gather(0)
        for index in range(self._rising_count):
            one = &self._rising[index]
            session = &self._sessions[one.session]
            if shares is None:
                one.admitted, one.exact, one.current = session.admitted, session.exact, session.current
            else:
                one.admitted, one.exact, one.current, _ = shares[self._names[one.session]]
        return self._admission_fault() or self._share_fault() or self._step_fault()

    cdef object _admission_fault(self):
        cdef int32_t index
        cdef bint fits
        cdef Session* session
        cdef Rising* one
        memset(self._sums, 0, self._links_count * sizeof(int64_t))
        for index in range(self._rising_count):
            self._place(&self._places[index], index)
        qsort(self._places, self._rising_count, sizeof(Place), by_admission)
        for index in range(self._rising_count):
            one = &self._rising[self._places[index].rising]
            session = &self._sessions[one.session]
            fits = self._fits(session, session.minimum)
            if one.admitted != fits:
                return f"session {self._names[one.session]!r} is {'refused' if fits else 'admitted'} wrongly"
            if fits:
                add_loads(session, session.minimum, self._sums)
            elif one.exact != 0 or one.current != 0:
                return f"session {self._names[one.session]!r} is refused and gets current"
        return None

    cdef bint _fits(self, const Session* session, int64_t current) noexcept nogil:
        """Return whether all links of the session have room for so much more current."""
        cdef int32_t index
        cdef Load* load
        for index in range(session.loads_count):
            load = &session.loads[index]
            if self._sums[load.link] + load.factor * current > self._links[load.link].capacity:
                return False
        return True

    cdef object _share_fault(self):
        """Feasible, and whoever is below the maximum has a full link on which nobody above the minimum is higher."""
        cdef int32_t index, number
        cdef Session* session
        cdef Rising* one
        cdef Tally* tally
        cdef double level
        cdef bint bound
        cdef Tally* tallies = <Tally*>taken(self._links_count * sizeof(Tally))
        try:
            for index in range(self._rising_count):
                one = &self._rising[index]
                session = &self._sessions[one.session]
                if not one.admitted:
                    continue
                if not one.minimum - TOLERANCE_MA <= one.exact <= one.maximum + TOLERANCE_MA:
                    return f"session {self._names[one.session]!r}: its share is not within its limits"
                for number in range(session.loads_count):
                    tally = &tallies[session.loads[number].link]
                    tally.load += session.loads[number].factor * one.exact
                    tally.factors += session.loads[number].factor
                    if one.exact > one.minimum + TOLERANCE_MA and one.exact / one.weight > tally.highest:
                        tally.highest = one.exact / one.weight
            for number in range(self._links_count):
                tally = &tallies[number]
                tally.room = self._links[number].capacity - tally.load
                if tally.factors > 0 and tally.room < -TOLERANCE_MA * tally.factors:
                    return f"link {self._tree.links[number]!r}: the shares are above its capacity"
            for index in range(self._rising_count):
                one = &self._rising[index]
                session = &self._sessions[one.session]
                if not one.admitted or one.exact >= one.maximum - TOLERANCE_MA:
                    continue
                level = one.exact / one.weight + TOLERANCE_MA
                bound = False
                for number in range(session.loads_count):
                    tally = &tallies[session.loads[number].link]
                    if tally.room <= TOLERANCE_MA * tally.factors and tally.highest <= level:
                        bound = True
                if not bound:
                    return f"session {self._names[one.session]!r}: its share could be larger"
        finally:
            PyMem_Free(tallies)
        return None

    cdef object _step_fault(self):
        """Give the given steps in the order of levels: whoever gets no further one must find no room at that moment."""
        cdef int32_t index, number
        cdef int64_t base, reached
        cdef Py_ssize_t count = 0, moment
        cdef Session* session
        cdef Rising* one
        cdef Step* moments = NULL
        cdef int64_t* given = <int64_t*>taken(self._rising_count * sizeof(int64_t))
        try:
            memset(self._sums, 0, self._links_count * sizeof(int64_t))
            for index in range(self._rising_count):
                one = &self._rising[index]
                given[index] = one.current
                if one.admitted:
                    if not 0 <= one.current <= self._sessions[one.session].maximum:
                        return f"session {self._names[one.session]!r}: its current is not within its limits"
                    add_loads(&self._sessions[one.session], one.current, self._sums)
            for number in range(self._links_count):
                if self._sums[number] > max(self._links[number].capacity, 0):
                    return f"link {self._tree.links[number]!r}: the currents are above its capacity"
            if not self._cut(SNAP_MA):
                self._cut(-SNAP_MA)
            memset(self._sums, 0, self._links_count * sizeof(int64_t))
            for index in range(self._rising_count):
                one = &self._rising[index]
                session = &self._sessions[one.session]
                if one.admitted:
                    if given[index] < one.current or (given[index] - one.current) % session.step:
                        return f"session {self._names[one.session]!r}: its current is no whole step from its share"
                    count += (given[index] - one.current) // session.step + 1
                    add_loads(session, one.current, self._sums)
            moments = <Step*>taken(count * sizeof(Step))
            count = 0
            for index in range(self._rising_count):
                one = &self._rising[index]
                session = &self._sessions[one.session]
                reached = one.current
                while one.admitted and reached <= given[index]:
                    self._place_step(&moments[count], index)
                    moments[count].level = reached / one.weight
                    count += 1
                    reached += session.step
            qsort(moments, count, sizeof(Step), by_level)
            for moment in range(count):
                index = moments[moment].rising
                one = &self._rising[index]
                session = &self._sessions[one.session]
                if one.current < given[index]:
                    one.current += session.step
                    add_loads(session, session.step, self._sums)
                elif (
                    one.current + session.step <= session.maximum
                    and self._fits(session, session.step)
                ):
                    return f"session {self._names[one.session]!r}: there was room for a further step"
        finally:
            PyMem_Free(given)
            PyMem_Free(moments)
        return None


cdef inline bint is_tight(const LinkState* link) noexcept nogil:
    """Return whether the link may keep, or have kept, anybody from anything."""
    if link.maxima <= link.capacity:
        return False
    return link.minima > link.capacity or link.ceiled >= link.capacity or link.load > link.capacity - link.step_max


cdef inline int32_t full_filling(const Rising* one, int64_t current, const Filling* fillings) noexcept nogil:
    """Return the first link, upwards, that has no room for so much more current."""
    cdef int32_t index
    for index in range(one.loads_count):
        if (
            fillings[one.loads[index].link].load + one.loads[index].factor * current
            > fillings[one.loads[index].link].capacity
        ):
            return one.loads[index].link
    return NOWHERE


cdef inline bint may_step(const Rising* one, const Filling* fillings) noexcept nogil:
    return one.current + one.step <= one.most and full_filling(one, one.step, fillings) == NOWHERE


cdef inline void load_fillings(const Rising* one, int64_t current, Filling* fillings) noexcept nogil:
    cdef int32_t index
    for index in range(one.loads_count):
        fillings[one.loads[index].link].load += one.loads[index].factor * current


cdef inline void add_loads(const Session* session, int64_t current, int64_t* sums) noexcept nogil:
    cdef int32_t index
    for index in range(session.loads_count):
        sums[session.loads[index].link] += session.loads[index].factor * current


cdef inline int64_t whole_steps(const Session* session, double share, double snap) noexcept nogil:
    cdef int64_t current = <int64_t>floor((share + snap) / session.step) * session.step
    return max(session.minimum, min(session.maximum, current))


cdef void freeze(Filling* filling, Rising* rising) noexcept nogil:
    """Let the members that still rise stay at the level of the link."""
    cdef int32_t index
    cdef Rising* one
    for index in range(filling.members_count):
        one = &rising[filling.members[index].rising]
        one.exact = max(one.minimum, min(one.maximum, filling.level * one.weight))
        one.frozen = True
        if one.exact < one.maximum:
            one.binding = filling.link


cdef int64_t millionths(capacity):
    return UNLIMITED if capacity is None else <int64_t>capacity * MILLION


cdef void* taken(size_t size) except NULL:
    """Return `size` bytes of zeros, or raise MemoryError."""
    cdef void* memory = PyMem_Malloc(max(size, 1))
    if memory == NULL:
        raise MemoryError
    memset(memory, 0, size)
    return memory


cdef void* moved(void* memory, size_t size) except NULL:
    """Return `memory` with its new size, or raise MemoryError; then it is still where it was."""
    cdef void* larger = PyMem_Realloc(memory, size)
    if larger == NULL:
        raise MemoryError
    return larger
