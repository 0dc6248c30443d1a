# Every subcommand has a help and a manual page that mandoc accepts.
"$nextcall" help --list | while read -r name; do
    # shellcheck disable=SC2086
    "$nextcall" $name --help >help.txt || echo "no help for $name"
    grep -q '^Examples:' help.txt || echo "no example for $name"
    # shellcheck disable=SC2086
    "$nextcall" help --man $name >page.1 || echo "no manual for $name"
    ! command -v mandoc >/dev/null || mandoc -Tlint -W error page.1
done
# The command's own page leads to all of them.
"$nextcall" help --man >page.1
! command -v mandoc >/dev/null || mandoc -Tlint -W error page.1
"$nextcall" help --list | tr ' ' - | while read -r name; do
    grep -q "^.It Xr nextcall-$name 1" page.1 || echo "no line for $name"
done
grep '^.It Ev' page.1
