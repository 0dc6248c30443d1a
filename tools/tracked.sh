# Sourced by the checkers: nxc_files PATTERN... lists the files of the project
# (git's list where git is and reads the folder, else the folder without what
# .gitignore names), relative to its root, that match one of the shell patterns.
# shellcheck shell=bash
nxc_files() {
    local file pattern
    {
        { [ -e .git ] && git ls-files --cached --others --exclude-standard 2>/dev/null; } ||
            find . -type f -not -path './build/*' -not -path './.git/*' \
                -not -path '*/__pycache__/*' -not -path '*/.cache/*' -not -name '*.pyc' |
            sed 's,^\./,,'
    } | sort | while read -r file; do
        [ -f "$file" ] || continue
        for pattern; do
            # shellcheck disable=SC2053 # a pattern
            [[ $file == $pattern ]] && echo "$file" && break
        done
    done
}
