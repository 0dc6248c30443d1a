# Every subcommand has a help and a manual page that mandoc accepts.
"$nextcall" help --list | while read -r name; do
    # shellcheck disable=SC2086
    "$nextcall" $name --help >help.txt || echo "no help for $name"
    grep -q '^Examples:' help.txt || echo "no example for $name"
    # shellcheck disable=SC2086
    "$nextcall" help --man $name >page.1 || echo "no manual for $name"
    ! command -v mandoc >/dev/null || mandoc -Tlint -W error page.1
done
