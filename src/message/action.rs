//! Everything a user can do, by name. Keymap, palette and help are drawn from this one table.

use std::{fmt, str::FromStr};

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal),+ $(,)?) => {
        /// Something a user can do. The name is what the keymap file says, the line of documentation is what help shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[doc = $doc])+ $variant),+
        }

        impl Action {
            /// All of them, in the order of help.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the keymap file and the palette.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it does, in a line.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim()),+ }
            }
        }
    };
}

actions! {
    /// Move down
    Down = "down",
    /// Move up
    Up = "up",
    /// Move left
    Left = "left",
    /// Move right
    Right = "right",
    /// Go to the first row
    First = "first",
    /// Go to the last row
    Last = "last",
    /// Go to the first column
    FirstColumn = "first-column",
    /// Go to the last column
    LastColumn = "last-column",
    /// Half a page down
    HalfPageDown = "half-page-down",
    /// Half a page up
    HalfPageUp = "half-page-up",
    /// A page down
    PageDown = "page-down",
    /// A page up
    PageUp = "page-up",
    /// Go to a percentage of the rows: type the number first, 50%
    Percent = "percent",
    /// Go to a percentage, a row id or a key: 50%, #1234, q-1; among the bots to a time: -2h, 2026-01-29 08:00
    GoTo = "go-to",
    /// Open what is under the cursor
    Open = "open",
    /// One level back: close, clear, cancel a running query
    Cancel = "cancel",
    /// Next pane
    NextPane = "next-pane",
    /// Previous pane
    PreviousPane = "previous-pane",
    /// Next tab of this pane
    NextTab = "next-tab",
    /// Previous tab of this pane
    PreviousTab = "previous-tab",
    /// Back to the place before
    Back = "back",
    /// Forward again
    Forward = "forward",
    /// Search
    Search = "search",
    /// Filter: show only what passes; again: change the filter
    Filter = "filter",
    /// Clear the filter
    ClearFilter = "clear-filter",
    /// Show only rows with the same value as under the cursor; again: take it back
    SameAs = "same-as",
    /// Next match
    NextMatch = "next-match",
    /// Previous match
    PreviousMatch = "previous-match",
    /// Sort by this column, from the first row; again: reverse; again: off
    Sort = "sort",
    /// Add this column to the sort
    SortAdd = "sort-add",
    /// Hide this column
    HideColumn = "hide-column",
    /// Reset widths, hidden and frozen columns
    ResetColumns = "reset-columns",
    /// Narrow this column
    Narrower = "narrower",
    /// Widen this column
    Wider = "wider",
    /// Freeze the columns up to this one; again: none
    FreezeColumns = "freeze-columns",
    /// Show the whole cell
    ViewCell = "view-cell",
    /// Fold or unfold
    Fold = "fold",
    /// Fold everything
    FoldAll = "fold-all",
    /// Unfold everything
    UnfoldAll = "unfold-all",
    /// Show it raw, or rendered
    Raw = "raw",
    /// Wrap long lines, or cut them
    Wrap = "wrap",
    /// Copy the cell, or the value
    Copy = "copy",
    /// Copy the row: choose JSON, CSV, SQL or Markdown
    CopyRow = "copy-row",
    /// Copy the JSON path
    CopyPath = "copy-path",
    /// Times: raw, ISO, relative
    Times = "times",
    /// Reveal masked secrets in this table, or mask them again
    Reveal = "reveal",
    /// Pause the live view, or go on
    Pause = "pause",
    /// Go to the row this one refers to
    FollowReference = "follow-reference",
    /// Show or hide internal tables
    Internal = "internal",
    /// Rows of the table, or its schema
    Schema = "schema",
    /// Read this pane anew
    Refresh = "refresh",
    /// Sync with the server and read everything anew
    RefreshAll = "refresh-all",
    /// Show or hide the preview
    Preview = "preview",
    /// Move the preview right or below
    PreviewSide = "preview-side",
    /// Full screen for this pane, or all panes again
    Zoom = "zoom",
    /// Go to the tables
    FocusTables = "focus-tables",
    /// Go to the rows
    FocusTable = "focus-table",
    /// Go to the question
    FocusQuestion = "focus-question",
    /// Go to the bots
    FocusBots = "focus-bots",
    /// Watch the bots on the whole screen; again: back
    Bots = "bots",
    /// The alerts: what of the bots wants attention
    Alerts = "alerts",
    /// Acknowledge the alert: it is not shown as new any more
    Acknowledge = "acknowledge",
    /// Acknowledge all alerts
    AcknowledgeAll = "acknowledge-all",
    /// Everything that is recorded of this item, by time
    Timeline = "timeline",
    /// The question as it was then
    AsItWas = "as-it-was",
    /// The event before this one, of the same item
    Earlier = "earlier",
    /// The event behind this one, of the same item
    Later = "later",
    /// Window of the live view: 1 minute
    WindowMinute = "window-1m",
    /// Window of the live view: 5 minutes
    WindowFiveMinutes = "window-5m",
    /// Window of the live view: 15 minutes
    WindowQuarterHour = "window-15m",
    /// Window of the live view: 1 hour
    WindowHour = "window-1h",
    /// Window of the live view: 24 hours
    WindowDay = "window-24h",
    /// Window of the live view: 7 days
    WindowWeek = "window-7d",
    /// Window of the live view: everything
    WindowAll = "window-all",
    /// Review what is flagged; again: back to the tables
    Review = "review",
    /// Review by another order: flagged, channel, newest, pending
    ReviewOrder = "review-order",
    /// Approve the question: status active
    Approve = "approve",
    /// Delete the question: status deleted
    Delete = "delete",
    /// Leave the question as it is and go on
    Skip = "skip",
    /// Have the bots improve the question
    Improve = "improve",
    /// Have the bots verify the question
    Verify = "verify",
    /// Choose what becomes of the question: all decisions
    Decide = "decide",
    /// Ask for a reason with each decision, or do not
    AskReason = "ask-reason",
    /// Mark it, or take the mark back: decisions are about all that is marked
    Mark = "mark",
    /// Mark everything, or nothing
    MarkAll = "mark-all",
    /// Edit the cell, or the field
    Edit = "edit",
    /// Edit it in $EDITOR
    EditExternal = "edit-external",
    /// Choose what the value is: NULL, empty, the default, a known value, the time, another layout
    Choices = "choices",
    /// Lay out the JSON: a value a line; again: as short as it goes
    Format = "format",
    /// Select everything
    SelectAll = "select-all",
    /// Cut what is selected
    Cut = "cut",
    /// Paste what was copied or cut here
    Paste = "paste",
    /// A new row
    NewRow = "new-row",
    /// A new row like this one
    DuplicateRow = "duplicate-row",
    /// Delete the row: staged, with what refers to it
    DeleteRow = "delete-row",
    /// Preview and commit the staged edits
    Commit = "commit",
    /// The staged edits: the exact SQL and what differs
    Changes = "changes",
    /// Drop this staged edit
    Drop = "drop",
    /// Drop all staged edits
    DropAll = "drop-all",
    /// Take back the last committed decision or edit
    Undo = "undo",
    /// Do again what was taken back
    Redo = "redo",
    /// Everything that was written, statement by statement
    Log = "log",
    /// Save it to a file
    Save = "save",
    /// Show or hide the tables
    ToggleTables = "toggle-tables",
    /// Show or hide the bots
    ToggleBots = "toggle-bots",
    /// Command palette; also a place: questions/q-123
    Palette = "palette",
    /// Help for where you are
    Help = "help",
    /// Next theme: dark, light, mono
    Theme = "theme",
    /// Give the mouse to the terminal, or take it back
    Mouse = "mouse",
    /// Show the messages again
    Messages = "messages",
    /// The connection: state, latency, errors, the copy and its age
    Connection = "connection",
    /// Throw the copy of the server away and fetch it anew; asks first
    RebuildCopy = "rebuild-copy",
    /// Suspend; `fg` comes back
    Suspend = "suspend",
    /// Quit
    Quit = "quit",
    /// End; what was decided is written before, unless pressed again
    Exit = "exit",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.name() == name)
            .ok_or_else(|| format!("no action is called '{name}': `reelscope keys` lists them all"))
    }
}
